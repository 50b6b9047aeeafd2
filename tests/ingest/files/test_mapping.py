"""What a mapping may say, and what its errors say."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.files.mapping import FileMapping, load_mapping, parse_mapping
from models.errors import InputError
from models.records import KINDS
from tests.ingest.files.making import changes, mapping

SHIPPED = sorted((Path(__file__).resolve().parents[3] / "data" / "mappings").glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_mapping_loads_and_is_called_like_its_file(path: Path) -> None:
    """So that its name can be given on the command line and found again in a record."""
    found = load_mapping(path)
    assert found.name == path.stem
    assert found.description
    assert FileMapping.model_validate(found.model_dump()) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[record]]\nkind = "chnage"', "'chnage' is not a kind of record, nearest known is 'change'"),
        ('[[record]]\nkind = "change"\n[record.fields]\ntitel = "t"',
         "unknown field 'titel' of change, nearest known is 'title'"),
        ('[[record]]\nkind = "change"\nfeilds = {}', "unknown key 'record.1.feilds', nearest known is 'fields'"),
        ('[[record]]\nkind = "change"\n[record.fields]\ntitle = { colunm = "t" }',
         "unknown key 'record.1.fields.title.colunm', nearest known is 'column'"),
        ('[[record]]\nkind = "change"\n[record.fields]\ntitle = { column = "t", constant = "x" }',
         "needs exactly one of"),
        ('[[record]]\nkind = "change"\n[record.fields]\ntitle = { template = "{a!r}" }', "may only hold column names"),
        ('[[record]]\nkind = "change"\n[record.fields]\ntitle = { template = "fixed" }', "names no column"),
        ('[[record]]\nkind = "change"\n[record.fields]\ntitle = { column = "t", part = 1 }', "'part' needs 'split'"),
        ('[[record]]\nkind = "change"\n[record.fields]\nkey = "id"', "the key is set with 'key'"),
        ('[[record]]\nkind = "change"\ngather = "n"', "'gather' needs a key"),
        ('[[record]]\nkind = "change"\nwhen = { column = "a" }', "needs one of equals"),
        ('[[record]]\nkind = "change"\nwhen = { column = "a", matches = "(" }', "is not a regular expression"),
        ('[[record]]\nkind = "change"\n[record.fields]\ntitle = "a"\n[record.constants]\ntitle = "b"',
         "both a field and a constant"),
        ('formats = ["%Q"]\n[[record]]\nkind = "change"', "'%Q' is not a time format"),
        ('formats = ["nonsense"]\n[[record]]\nkind = "change"', "is neither one of iso"),
        ('time_zone = "Mars/Olympus"\n[[record]]\nkind = "change"', "is not a time zone"),
        ('[dialect]\nencoding = "klingon"\n[[record]]\nkind = "change"', "is not an encoding"),
        ("record = []", "record"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place_and_the_nearest_known_word(text: str, message: str) -> None:
    """Nothing is read before the whole mapping fits."""
    with pytest.raises(InputError) as caught:
        mapping(text)
    assert message in caught.value.what
    assert caught.value.where == "test mapping"
    assert "docs/sources/files.md" in caught.value.next_step


def test_a_mapping_that_is_no_toml_names_the_line() -> None:
    """The parser's own words say where."""
    with pytest.raises(InputError, match=r"not valid TOML: .*line 2"):
        parse_mapping('name = "a"\nsource = \n', "m.toml")


def test_a_missing_mapping_is_an_error(tmp_path: Path) -> None:
    """Not an empty one."""
    with pytest.raises(InputError, match="no such mapping"):
        load_mapping(tmp_path / "none.toml")


def test_every_kind_of_record_can_be_mapped() -> None:
    """No kind is left out."""
    for kind in KINDS:
        assert mapping(f'[[record]]\nkind = "{kind}"\nkey = "id"').record[0].kind == kind


def test_the_fingerprint_covers_what_decides_and_not_the_prose() -> None:
    """A corrected description is no reason to read a file again; another column is."""
    one = changes('title = "a"', 'description = "x"')
    assert one.fingerprint() == changes('title = "a"', 'description = "y"').fingerprint()
    assert one.fingerprint() != changes('title = "b"', 'description = "x"').fingerprint()

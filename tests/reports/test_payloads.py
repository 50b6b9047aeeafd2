from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.reports import bag, delimited, payloads
from app.reports.payloads import Wanted, keys_of, redacted
from ingest.store import RawStore
from ingest.store_records import Page, RawRecord
from models.streams import stream

AT = datetime(2026, 7, 1, 12, tzinfo=UTC)


def hold(
    store: RawStore, name: str, key: str, payload: dict[str, Any], *, source: str = "github", at: datetime = AT
) -> None:
    run = store.begin_run(source, source, "test")
    of = stream(name)
    store.write_page(run, Page(stream=of, records=[RawRecord(of, key, payload)], fetched_at=at, is_last=True))
    store.finish_run(run)


def written(store: RawStore, data: Path, *wanted: Wanted, until: datetime | None = None) -> list[list[str]]:
    payloads.write(store.con, data, wanted, until)
    return delimited.read(data / payloads.INDEX)[1]


def test_a_change_brings_its_record_and_what_is_nested_below_it(store: RawStore, tmp_path: Path) -> None:
    """Reviews and commits carry the change's key as prefix; one whose number merely begins alike is another."""
    hold(store, "github.pull_requests", "o/r#1", {"n": 1})
    hold(store, "github.reviews", "o/r#1/review/5", {"n": 2})
    hold(store, "github.pull_requests", "o/r#12", {"n": 3})
    rows = written(store, tmp_path, Wanted("github:o/r#1", "github", ("o/r#1",)))
    assert sorted(row[3] for row in rows) == ["o/r#1", "o/r#1/review/5"]


def test_imported_records_are_found_by_the_change_they_name(store: RawStore, tmp_path: Path) -> None:
    """A vote has a key of its own and says which change it is about."""
    hold(store, "record.changes", "77", {"record": {"key": "77"}}, source="gerrit")
    hold(store, "record.votes", "v1", {"record": {"key": "v1", "change_key": "77"}}, source="gerrit")
    hold(store, "record.votes", "v2", {"record": {"key": "v2", "change_key": "78"}}, source="gerrit")
    rows = written(store, tmp_path, Wanted("gerrit:77", "gerrit", ("77",)))
    assert sorted(row[3] for row in rows) == ["77", "v1"]


def test_payloads_fetched_after_the_build_stay_out(store: RawStore, tmp_path: Path) -> None:
    """A pack of an earlier build holds what that build could have read."""
    hold(store, "github.pull_requests", "o/r#1", {"title": "then"})
    hold(store, "github.pull_requests", "o/r#1", {"title": "later"}, at=AT.replace(day=9))
    written(store, tmp_path, Wanted("github:o/r#1", "github", ("o/r#1",)), until=datetime(2026, 7, 2))
    text = (tmp_path / "raw" / "github" / "o=2Fr=231.json").read_text()
    assert "then" in text and "later" not in text


def test_payloads_of_two_sources_do_not_overwrite_each_other(store: RawStore, tmp_path: Path) -> None:
    """A ticket and a pull request of one number, both deployed by the same tool, keep a file each."""
    for source, key in (("github", "7"), ("jira", "7")):
        hold(
            store, "github.pull_requests" if source == "github" else "jira.issues", key, {"from": source}, source=source
        )
    hold(store, "jenkins.builds", "job#1", {"from": "jenkins"}, source="jenkins")
    wanted = keys_of([("github:7", "github", "7", None), ("jira:7", "jira", "7", None),
                      ("github:7", "jenkins", "job#1", None), ("jira:7", "jenkins", "job#1", None)])  # fmt: skip
    files = {row[1] for row in written(store, tmp_path, *wanted)}
    assert len(files) == 4 and all((tmp_path / name).is_file() for name in files)


def test_a_change_without_payloads_is_listed_as_such(store: RawStore, tmp_path: Path) -> None:
    """Nothing held is said, not left out."""
    assert written(store, tmp_path, Wanted("github:o/r#9", "github", ("o/r#9",))) == [["github:o/r#9", *[""] * 6]]


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "..", ".", "/etc/passwd", "a" * 500, "中文/1", "CON", "a\nb", "a%2fb", "C:\\x"]
)
def test_no_key_leads_out_of_the_folder(store: RawStore, tmp_path: Path, key: str) -> None:
    """Whatever a source calls its records, their files lie in the pack under plain names."""
    hold(store, "github.pull_requests", key, {"n": 1})
    ((_, file, *_),) = written(store, tmp_path / "pack", Wanted(f"github:{key}", "github", (key,)))
    assert bag.is_inside(file) and file.isascii() and len(Path(file).name) < 160
    assert (tmp_path / "pack" / file).resolve().is_relative_to(tmp_path / "pack" / "raw" / "github")


@pytest.mark.parametrize(
    "secret",
    ["ghp_0123456789abcdefABCDEF", "glpat-abcdefghij0123456789", "AKIAABCDEFGHIJKLMNOP", "xoxb-1234567890-abcdef",
     "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "https://user:hunter22@host.example/x",
     "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"],
)  # fmt: skip
def test_what_looks_like_a_secret_is_taken_out(secret: str) -> None:
    """Tokens, keys and credentials in an address go wherever they stand; the words around them stay."""
    shown = json.dumps(redacted({"body": f"please use {secret} now", "list": [secret]}))
    assert "please use" in shown and "now" in shown
    assert not any(part in shown for part in (secret, "hunter22", "MIIE"))


def test_fields_that_hold_secrets_and_addresses_are_taken_out() -> None:
    """A field's name is enough; an e-mail address is a person's and goes too; everything else stays as it was."""
    value = {
        "api_token": "x1",
        "Password": "x2",
        "author": {"email": "ada@example.org", "name": "Ada"},
        "key": "PAY-1",
    }
    assert redacted(value) == {
        "api_token": "[hidden]", "Password": "[hidden]", "author": {"email": "[e-mail hidden]", "name": "Ada"},
        "key": "PAY-1",
    }  # fmt: skip


def test_a_redacted_payload_says_so_and_keeps_the_stores_hash(store: RawStore, tmp_path: Path) -> None:
    """Whoever may see the store can find the payload as it was."""
    hold(store, "github.pull_requests", "o/r#1", {"body": "mail ada@example.org"})
    ((*_, digest, is_redacted),) = written(store, tmp_path, Wanted("github:o/r#1", "github", ("o/r#1",)))
    (held,) = store.con.execute("select payload_sha256 from raw.github_pull_requests").fetchall()
    assert (digest, is_redacted) == (held[0], "true")

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest

from app.reports import signing
from models.errors import InputError, VerificationError

STATEMENT = {"_type": signing.STATEMENT_TYPE, "subject": [], "predicate": {"of": "a test"}}


def test_a_private_key_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    """The file has mode 0600 from the moment it exists, and the public key is plain PEM."""
    made = signing.generate(tmp_path / "k")
    assert stat.S_IMODE(made.private.stat().st_mode) == 0o600
    assert made.public.read_text().startswith("-----BEGIN PUBLIC KEY-----")
    assert signing.fingerprint(signing.load_public(made.public)) == made.fingerprint


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """Making a key where one lies is refused, for either of its files."""
    made = signing.generate(tmp_path / "k")
    before = made.private.read_bytes()
    with pytest.raises(InputError, match="never overwritten"):
        signing.generate(tmp_path / "k")
    made.private.unlink()
    with pytest.raises(InputError, match="never overwritten"):
        signing.generate(tmp_path / "k")
    assert not made.private.exists() and before


def test_a_key_that_others_may_read_signs_nothing(tmp_path: Path) -> None:
    """A private key with loose permissions is refused, and the message says how to mend it."""
    made = signing.generate(tmp_path / "k")
    made.private.chmod(0o640)
    with pytest.raises(InputError) as refused:
        signing.load_private(made.private)
    assert "chmod 600" in refused.value.next_step


def test_a_passphrase_is_needed_and_must_be_right(tmp_path: Path) -> None:
    """An encrypted key opens with its passphrase only; without one, or with another, the reason is said."""
    made = signing.generate(tmp_path / "k", "correct horse")
    assert b"ENCRYPTED" in made.private.read_bytes()
    signing.load_private(made.private, "correct horse")
    with pytest.raises(InputError, match="needs a passphrase"):
        signing.load_private(made.private)
    with pytest.raises(InputError, match="passphrase right"):
        signing.load_private(made.private, "wrong")


def test_a_statement_opens_with_its_key_and_signing_is_repeatable(tmp_path: Path) -> None:
    """The same statement and key give the same bytes, which open to the same statement."""
    made = signing.generate(tmp_path / "k")
    key = signing.load_private(made.private)
    envelope = signing.sign(STATEMENT, key)
    assert envelope == signing.sign(dict(reversed(STATEMENT.items())), key)
    assert signing.opened(envelope, signing.load_public(made.public)) == STATEMENT


def test_a_changed_statement_or_another_key_is_refused(tmp_path: Path) -> None:
    """A payload that was edited, and a signature by somebody else, do not open."""
    mine, theirs = signing.generate(tmp_path / "mine"), signing.generate(tmp_path / "theirs")
    envelope = json.loads(signing.sign(STATEMENT, signing.load_private(mine.private)))
    with pytest.raises(VerificationError, match="not signed with the key given"):
        signing.opened(json.dumps(envelope).encode(), signing.load_public(theirs.public))
    envelope["payload"] = base64.b64encode(json.dumps({**STATEMENT, "predicate": {}}).encode()).decode()
    with pytest.raises(VerificationError, match="does not fit"):
        signing.opened(json.dumps(envelope).encode(), signing.load_public(mine.public))


def test_a_borrowed_key_id_does_not_help(tmp_path: Path) -> None:
    """Claiming the auditor's key id over somebody else's signature is caught by the signature."""
    mine, theirs = signing.generate(tmp_path / "mine"), signing.generate(tmp_path / "theirs")
    forged = json.loads(signing.sign(STATEMENT, signing.load_private(theirs.private)))
    honest = json.loads(signing.sign(STATEMENT, signing.load_private(mine.private)))
    forged["signatures"][0]["keyid"] = honest["signatures"][0]["keyid"]
    with pytest.raises(VerificationError, match="does not fit"):
        signing.opened(json.dumps(forged).encode(), signing.load_public(mine.public))


@pytest.mark.parametrize(
    "junk", [b"", b"[]", b"{}", b'{"payload": 1}', b"\xff", b'{"payload":"","payloadType":"x","signatures":[]}']
)
def test_junk_is_no_envelope(junk: bytes, tmp_path: Path) -> None:
    """Whatever is not a signed statement is said to be none; nothing else is raised."""
    made = signing.generate(tmp_path / "k")
    with pytest.raises(VerificationError):
        signing.opened(junk, signing.load_public(made.public))


def test_a_private_key_is_not_taken_for_a_public_one(tmp_path: Path) -> None:
    """Giving the wrong file of the pair is said, with the right one named."""
    made = signing.generate(tmp_path / "k")
    with pytest.raises(InputError, match="private key"):
        signing.load_public(made.private)

"""Secrets by reference, and texts cleaned of them."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.secrets import HIDDEN, Scrubber, resolve
from models.errors import ConfigurationError


def test_a_secret_is_read_from_the_environment_a_file_or_the_keyring(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each kind of reference leads to the same secret, without the line's end."""
    (tmp_path / "token").write_text("hush\n")
    monkeypatch.setenv("HUSH", "hush")
    keyring = SimpleNamespace(
        get_password=lambda service, name: "hush" if (service, name) == ("twotrack/hub", "token") else None,
        errors=SimpleNamespace(KeyringError=RuntimeError),
    )
    monkeypatch.setitem(sys.modules, "keyring", keyring)  # type: ignore[arg-type]
    references = ("env:HUSH", f"file:{tmp_path / 'token'}", "keyring:twotrack/hub/token")
    assert [resolve(reference) for reference in references] == ["hush"] * 3


@pytest.mark.parametrize("reference", ["env:NOT_SET", "file:/no/such/file", "plain-secret", "env:", "keyring:a/b"])
def test_a_reference_that_leads_nowhere_says_so(reference: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is named; a secret written where a reference belongs is not repeated."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigurationError) as raised:
        resolve(reference)
    assert "plain-secret" not in str(raised.value)


def test_an_empty_secret_is_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exported but empty variable is the commonest mistake."""
    monkeypatch.setenv("EMPTY", " \n")
    with pytest.raises(ConfigurationError, match="empty"):
        resolve("env:EMPTY")


def test_page_tokens_and_issue_keys_in_addresses_stay_readable() -> None:
    """They say where a record came from; only secret-named parameters are hidden."""
    url = "https://x.example/search?nextPageToken=abc&key=EE-1&private_token=hush&jql=a%20b"
    shown = Scrubber().url(url)
    assert "hush" not in shown
    assert "nextPageToken=abc&key=EE-1" in shown
    assert Scrubber().url("https://me:hush@x.example/a?b=%2F") == "https://x.example/a?b=%2F"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefgh123",
        "Authorization: Basic bWU6aHVzaA==",
        "ghp_abcdefghijklmnop123456",
        "github_pat_11ABCDEFG0123456789_abcdef",
        "glpat-abcdefghijklmnop1234",
        "https://me:secretpass@host/",
    ],
)
def test_what_is_shaped_like_a_credential_is_hidden_even_if_nobody_told_us(text: str) -> None:
    """A source may quote a credential that is not the one we used."""
    cleaned = Scrubber().text(text)
    assert HIDDEN in cleaned
    assert text.rsplit(" ", 1)[-1] not in cleaned


@given(st.text(min_size=4).filter(lambda text: not set(text) <= set(HIDDEN)), st.text(), st.text())
def test_a_learnt_secret_is_hidden_wherever_it_stands(secret: str, before: str, after: str) -> None:
    """Whatever surrounds it."""
    scrub = Scrubber()
    scrub.learn([secret])
    cleaned = scrub.text(before + secret + after)
    assert secret not in cleaned.replace(HIDDEN, "") or secret in (before + after)

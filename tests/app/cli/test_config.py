from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import ConfigurationError
from models.settings import parse_settings
from tests.app.cli.conftest import Twotrack

EVERYTHING = """
[workspace]
name = "Zürich \\"main\\" \\u200d \\u0085 office"
[[source]]
type = "github"
name = "github"
repositories = ["acme/ledger", "acme/checkout"]
token = "env:GITHUB_TOKEN"
[[team]]
name = "payments"
members = ["Ana"]
time_zone = "Europe/Berlin"
holidays = [2026-12-25]
business_start = 08:30:00
[[service]]
name = "ledger"
team = "payments"
tags = ["regulated"]
[identity]
bots = ["github:ci"]
[[identity.people]]
name = "Ana"
logins = ["github:ana", "jira:a"]
[[identity.people.entitlement]]
to = "ledger"
start = 2026-01-01
end = 2026-03-31
up_to_risk = "medium"
[production]
environments = []
[[freeze]]
name = "year end"
start = 2026-12-20
end = 2027-01-02
services = ["ledger"]
[[freeze]]
name = "launch"
start = 2026-11-01T08:00:00Z
end = 2026-11-02T08:00:00Z
[thresholds]
incident_window_hours = 12.5
"""


@pytest.mark.parametrize("text", ["", EVERYTHING])
def test_what_config_show_prints_is_itself_the_configuration(twotrack: Twotrack, home: Path, text: str) -> None:
    """The output can be kept as twotrack.toml and decides the same numbers."""
    home.mkdir()
    (home / "twotrack.toml").write_text(text, encoding="utf-8")
    printed = twotrack("config", "show")
    assert printed.code == 0
    assert parse_settings(printed.out, "printed") == parse_settings(text, "written")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[[team]]\nname = "a"\n[[team]]\nname = "b"\nmember = ["x"]',
            "unknown key 'team 2 (b).member', nearest known key",
        ),
        ('[[team]]\nname = "a"\nmembers = ["x", 3]', "team 1 (a).members 2: "),
        ('[freeze]\nname = "x"', "freeze: write [[freeze]]."),
        ('source = "x"', "source: must be a list, in [ ]."),
    ],
)
def test_a_wrong_setting_is_found_by_counting_as_people_do(
    twotrack: Twotrack, home: Path, text: str, told: str
) -> None:
    """The second of two teams is team 2, and its name is said: a file has dozens of them."""
    home.mkdir()
    (home / "twotrack.toml").write_text(text, encoding="utf-8")
    said = twotrack("config", "show")
    assert said.code == 2
    assert told in said.err


def test_without_a_file_the_defaults_are_shown_and_said_to_be_defaults(twotrack: Twotrack, home: Path) -> None:
    """Nobody has to guess whether a setting was read."""
    assert "does not exist: these are the defaults" in twotrack("config", "show").out.splitlines()[0]
    document = twotrack("config", "show", "--json").document
    assert document["exists"] is False
    assert document["settings"]["thresholds"]["clock_skew_seconds"] == 120
    assert not home.exists()


def test_an_unknown_key_is_an_error_that_names_the_nearest_one(twotrack: Twotrack, home: Path) -> None:
    """A misspelt setting must not be a setting that is silently ignored."""
    home.mkdir()
    (home / "twotrack.toml").write_text("[thresholds]\nclock_skew_second = 5\n", encoding="utf-8")
    said = twotrack("config", "show")
    assert said.code == 2
    assert "nearest known key is 'clock_skew_seconds'" in said.err


def test_a_secret_is_never_shown_only_where_it_is_kept(
    twotrack: Twotrack, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configuration names the place; nothing prints what is there."""
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_0123456789abcdefghij")
    home.mkdir()
    (home / "twotrack.toml").write_text(EVERYTHING, encoding="utf-8")
    for command in (("config", "show"), ("config", "show", "--json"), ("doctor",), ("doctor", "--json")):
        said = twotrack(*command)
        assert "ghp_" not in said.out + said.err
        assert command != ("doctor",) or "env:GITHUB_TOKEN holds a secret" in said.out


def test_an_entitlement_that_ends_before_it_starts_is_refused() -> None:
    """It would hold at no time, and every approval by that person would be said to be none of theirs."""
    text = '[[identity.people]]\nname = "Ana"\n[[identity.people.entitlement]]\nto = "ledger"\n'
    with pytest.raises(ConfigurationError, match="ends on 2026-01-01, before it starts on 2026-02-01"):
        parse_settings(text + "start = 2026-02-01\nend = 2026-01-01\n", "twotrack.toml")
    parse_settings(text + "start = 2026-02-01\nend = 2026-02-01\n", "twotrack.toml")


def test_bounds_of_cadences_that_overlap_are_refused() -> None:
    """A rarer cadence has longer gaps and fewer a week; else a name could never be given."""
    with pytest.raises(ConfigurationError, match="cadence_daily_"):
        parse_settings("[practice]\ncadence_daily_gap_days = 10\n", "twotrack.toml")
    with pytest.raises(ConfigurationError, match="from many a week to few"):
        parse_settings("[practice]\ncadence_weekly_per_week = 4\n", "twotrack.toml")

from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import wording


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "—"),
        (0, "0 s"),
        (59, "59 s"),
        (90, "2 min"),
        (7140, "119 min"),
        (7200, "2.0 h"),
        (68400, "19 h"),
        (172800, "2.0 days"),
        (86400 * 155, "155 days"),
        (-3600 * 5, "\u22125.0 h"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float | None, text: str) -> None:
    """Two significant figures, the unit that fits; unknown is a dash, never 0."""
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(
    ("share", "text"), [(None, "—"), (0, "0 %"), (0.05, "5 %"), (0.0731, "7.3 %"), (0.174, "17 %"), (1, "100 %")]
)
def test_shares_read_as_per_cent(share: float | None, text: str) -> None:
    """One decimal below ten per cent, where it tells something."""
    assert wording.share(share) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0998, "10 %"),
        (0.0949, "9.5 %"),
        (0.0996, "10 %"),
        (0.02001, "2 %"),
        (0.0003, "under 0.1 %"),
        (0.9996, "over 99.9 %"),
        (0.996, "99.6 %"),
        (0.994, "99 %"),
    ],
)
def test_a_share_is_rounded_before_its_decimals_are_counted(share: float, text: str) -> None:
    """Just below ten is not ``10.0 %``; a little is not none, and almost all is not all."""
    assert wording.share(share) == text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Should this go? 1304 decisions on 12790 changes", "Should this go? 1,304 decisions on 12,790 changes"),
        ("1201 of 1304; 999 declined (n=1000)", "1,201 of 1,304; 999 declined (n=1,000)"),
        ("100.0 % restored within 24.0 h", "100 % restored within 24 h"),
        ("median gap 2.0 h, 94.6 % (fires over 3.0 times, under 3.0 min)", None),
        ("irregular, 1.0 changes each (median)", "irregular, 1 change each (median)"),
        (
            "1 people, 100 % of 1 decisions; 11 decisions by policies",
            "1 person, 100 % of 1 decision; 11 decisions by policies",
        ),
        (
            "1 also deploy; 1 failed deployments; 1 of 21 changes",
            "1 also deploys; 1 failed deployment; 1 of 21 changes",
        ),
        ("since 29 Dec 2025, 2000 records", "since 29 Dec 2025, 2,000 records"),
        (
            "44 people, most from squad 2024 (42 %); 1313 decisions",
            "44 people, most from squad 2024 (42 %); 1,313 decisions",
        ),
        ("release 1234.5 of PAY-1042, api#2045, v2026 and 10,000 more", None),
        ("", ""),
    ],
)
def test_a_sentence_of_a_model_has_its_numbers_as_pages_write_them(written: str, read: str | None) -> None:
    """Thousands are set apart and decimals that say nothing left off; years, names, keys and versions stay."""
    expected = written.replace("3.0", "3") if read is None else read
    assert wording.figures(written) == expected


def test_a_sentence_that_is_missing_is_empty() -> None:
    """A page with one figure unknown is shown all the same."""
    assert wording.figures(None) == ""


@pytest.mark.parametrize(
    ("metric", "detail", "read"),
    [
        ("approval_latency", "requested by review_request", "asked for by a request for review"),
        ("approval_latency", "requested by custom_field", "asked for by custom field"),
        ("first_response_time", "awaiting_status", "a status that awaits approval"),
        ("retroactive_approvals", "retroactive_emergency_in_sla", "emergency, approved afterwards in time"),
        ("unauthorised_deployment_rate", "never: not approved", "not approved"),
        ("unauthorised_deployment_rate", "never: other revision", "approved for another revision only"),
        ("unauthorised_deployment_rate", "no_record: no record", "no change record"),
        ("unauthorised_change_rate", "prior: outside window", "approved before the start: outside window"),
        ("unsuccessful_change_rate", "backed_out", "backed out"),
        ("change_failure_rate", "rollback, incident", "rolled back, incident"),
        ("change_failure_rate", "did not finish", "did not finish"),
        ("lead_time_from_merge", "github:larkfield/payments/deployment/4711", "deployment 4711"),
        ("lead_time_from_merge", "jenkins:ledger/deploy-ledger#12", "deployment deploy-ledger#12"),
        ("lead_time_from_merge", "not seen in production", "not seen in production"),
        ("outside_planned_window", "0.0 s early, 1625.0 s late", "27 min late"),
        ("outside_planned_window", "90.0 s early, 86400.0 s late", "2 min early, 24 h late"),
        ("outside_planned_window", "0.0 s early, 0.0 s late", "within its window"),
        ("outside_planned_window", "unknown s early, unknown s late", "its planned or actual times are unknown"),
        ("overlapping_windows", "overlaps 1 other", "overlaps 1 other"),
        ("overlapping_windows", "overlaps 1200 other", "overlaps 1,200 others"),
        ("incidents_per_deployment", "1 incidents", "1 incident"),
        ("deployment_frequency", "1 deployments", "1 deployment"),
        ("conflicts_emerged_later", "on component uerj_squid and 1 more", "on component uerj_squid and 1 more"),
        ("freeze_deployments", "Year end 2025", "Year end 2025"),
        ("freeze_deployments", "never: prior", "never: prior"),
        ("freeze_deployments", "2000 days", "2000 days"),
        ("pending_approvals", "opened", "opened"),
        ("pending_approvals", "Prod: in_progress", "Prod: in_progress"),
        ("sod_1_strict", None, ""),
    ],
)
def test_what_decided_about_a_record_is_said_in_the_readers_words(metric: str, detail: str | None, read: str) -> None:
    """Codes become words, seconds the unit that fits, one is one; names that people gave stay as they are."""
    assert wording.record_detail(metric, detail) == read


def test_a_period_is_named_by_its_first_and_last_day() -> None:
    """The end of a half-open period is not a day of it."""
    assert wording.span(datetime(2026, 5, 1), datetime(2026, 5, 4)) == "1 May\u20133 May 2026"
    assert wording.span(datetime(2025, 12, 27), datetime(2026, 3, 28)) == "27 Dec 2025\u201327 Mar 2026"
    assert wording.span(datetime(2026, 5, 1), datetime(2026, 5, 2)) == "1 May 2026"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<script>1</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example/x",
        "https://user:secret@evil.example/",
        "https://",
        "http://a b.example",
        "https://evil.example/\nx",
        "http://[::1",
        "",
        None,
    ],
)
def test_only_plain_http_addresses_become_links(url: str | None) -> None:
    """Schemes that run code, addresses with credentials and broken ones are no links."""
    assert wording.safe_url(url) is None


def test_http_and_https_addresses_are_kept_as_they_are() -> None:
    """A link leads exactly where the record says."""
    for url in ("https://code.example/a?b=1#c", "http://ci.example:8080/job/1"):
        assert wording.safe_url(url) == url


@given(st.text(max_size=300))
def test_no_punctuation_of_a_record_reaches_markdown_unescaped(text: str) -> None:
    """Everything Markdown could act on is escaped, lines are joined and the text keeps a bounded length."""
    shown = wording.inert(text)
    assert "\n" not in shown and "\r" not in shown
    without_escaped = re.sub(r"\\[!-/:-@\[-`{-~]", "", shown).replace("\u2060", "")
    assert without_escaped.isprintable()
    assert not re.search(r"[!-/:-@\[-`{-~]", without_escaped)
    assert len(wording.inert(text, limit=20).replace("\\", "").replace("\u2060", "")) <= 20


@given(st.text(max_size=200))
def test_chart_labels_hold_no_tags(text: str) -> None:
    """The chart's renderer reads a few HTML tags; none can come from a record."""
    assert not re.search(r"[<>]", wording.chart_text(text))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_that_a_spreadsheet_would_run_is_neutralised(start: str) -> None:
    """A leading apostrophe makes it text; other cells and numbers stay as they are."""
    assert wording.cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"
    assert wording.cell("plain") == "plain"
    assert wording.cell(-5) == -5


def test_an_issue_is_called_by_its_name_not_by_the_trackers_number() -> None:
    """The tracker's own id means nothing to people; the address holds the name they use."""
    assert wording.short_key("19786", "https://x.example/browse/PAY-333") == "PAY-333"
    assert wording.short_key("19786", "https://x.example/other") == "19786"
    assert wording.short_key("shop/checkout#7", "https://x.example/browse/PAY-1") == "checkout#7"
    assert wording.short_key("19786#2", "https://x.example/browse/PAY-333") == "PAY-333#2"


def test_lists_name_some_and_count_the_rest() -> None:
    """Prose, never a wall of names."""
    assert wording.listed([]) == ""
    assert wording.listed(["a"]) == "a"
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert wording.listed(["a", "b", "c"], limit=2) == "a, b and 1 more"

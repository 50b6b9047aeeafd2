from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from ingest.connector import Response
from ingest.demo import files, generator
from ingest.demo.model import Story
from ingest.progress import Progress
from ingest.store import RawStore
from models.settings import parse_settings
from models.streams import STREAMS

PLANTED_BAD = {"github.pull_requests": 1, "jira.issues": 1, "record.windows": 1}
# What the invented organisation has no use for.
UNUSED = {
    "github.pull_request_comments", "github.issues", "github.branch_protections", "github.webhook_actions",
    "github.branch_protection_changes",
}  # fmt: skip


def digest(story: Story) -> str:
    """Return a hash over every answer and every row of the files."""
    found = hashlib.sha256()
    for _, _, answer in generator.responses(story):
        found.update(answer.url.encode() + orjson.dumps(answer.body, option=orjson.OPT_SORT_KEYS))
    for row in (*files.window_rows(story), *files.flip_rows(story)):
        found.update(orjson.dumps(row))
    return found.hexdigest()


def test_the_same_seed_gives_the_same_payloads_to_the_byte(story: Story) -> None:
    """Whoever prints the seed lets anybody reproduce the demo."""
    assert digest(generator.tell(generator.DEFAULT_SEED)) == digest(story)


def test_a_ticket_is_named_by_every_pull_request_that_names_it(story: Story) -> None:
    """Who opens a pull request and then its ticket reads of one thing, also where one ticket asks for several."""
    named = [(p.title, p.ticket) for pulls in story.pull_requests.values() for p in pulls if p.ticket]
    several = Counter(id(ticket) for _, ticket in named)
    assert max(several.values()) > 1
    assert [title for title, ticket in named if title not in f"{ticket.title} {ticket.description}"] == []


def test_another_seed_tells_another_story(story: Story) -> None:
    """A seed is not decoration: other people do other things at other times."""
    other = generator.tell(generator.DEFAULT_SEED + 1)
    shared = {c.sha for pulls in other.pull_requests.values() for p in pulls for c in p.commits}
    own = {c.sha for pulls in story.pull_requests.values() for p in pulls for c in p.commits}
    assert not shared & own
    assert len(shared) > 5000


def test_every_payload_is_accepted_by_the_route_of_its_source(written: tuple[RawStore, generator.DemoSummary]) -> None:
    """Nothing is set aside but the three bad payloads that are planted, each with its reason."""
    store, summary = written
    assert summary.rejected == PLANTED_BAD
    rows = store.con.execute("select stream, reason from raw.rejected order by stream").fetchall()
    assert [stream for stream, _ in rows] == sorted(PLANTED_BAD)
    assert all(reason for _, reason in rows)


def test_every_stream_that_the_organisation_uses_holds_records(written: tuple[RawStore, generator.DemoSummary]) -> None:
    """The demo exercises each table that its four sources have, so that no page stays empty for want of input."""
    store, summary = written
    github = {str(stream) for stream in STREAMS if stream.source_type in {"github", "jenkins"}}
    filled = {str(stream) for stream in STREAMS if store.count(stream)}
    assert github - filled == UNUSED
    assert {"jira.issues", "jira.changelog", "jira.comments", "jira.approvals", "jira.issue_links"} <= filled
    assert {"record.windows", "record.changes", "record.events", "record.links"} <= filled
    assert set(summary.streams) <= filled


def test_the_demo_is_as_large_as_promised(story: Story, written: tuple[RawStore, generator.DemoSummary]) -> None:
    """Fifteen services of six teams over eighteen months give numbers that are worth looking at."""
    kinds = Counter(ticket.kind for ticket in story.tickets)
    deployed = sum(d.environment == "production" for ds in story.deployments.values() for d in ds)
    rollbacks = sum(d.is_rollback for ds in story.deployments.values() for d in ds)
    assert len([t for t in story.organisation.teams.values() if t.services]) == 6
    assert len(story.organisation.services) == 15
    assert 6000 <= sum(map(len, story.pull_requests.values())) <= 8000
    assert 4000 <= deployed <= 5500
    assert kinds["Change"] >= 800
    assert kinds["Release"] >= 60
    assert kinds["Incident"] + rollbacks >= 250
    assert len(story.windows) >= 400
    assert written[1].records > 90_000


def test_writing_the_demo_again_stores_nothing_new(written: tuple[RawStore, generator.DemoSummary]) -> None:
    """The store recognises every payload: the demo's way in is the one of real data."""
    store, _ = written
    before = {str(stream): store.count(stream) for stream in STREAMS}
    generator.generate(store)
    assert {str(stream): store.count(stream) for stream in STREAMS} == before


def instants(answer: Response) -> Iterator[str]:
    yield from re.findall(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", orjson.dumps(answer.body).decode())


def test_nothing_is_known_that_lies_after_the_end() -> None:
    """A record of tomorrow would be a forgery; only plans point ahead, and they are left out of this test."""
    as_of = datetime(2025, 3, 15, 12, 30, tzinfo=UTC)
    late: Counter[str] = Counter()
    for source, _, answer in generator.responses(generator.tell(1, as_of)):
        if "search/jql" in answer.url:
            for issue in answer.body["issues"]:
                for planned in ("customfield_10114", "customfield_10115"):
                    issue["fields"].pop(planned, None)
        late[source] += sum(1 for text in instants(answer) if text > f"{as_of:%Y-%m-%dT%H:%M:%S}")
    assert not +late


def test_the_demo_can_end_on_any_day(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The stories move with the end: eighteen months before it, whatever the weekday."""
    for end in (datetime(2024, 2, 29, tzinfo=UTC), datetime(2026, 12, 26, 23, 59, tzinfo=UTC)):
        told = generator.tell(3, end)
        assert told.organisation.first.weekday() == 0
        assert timedelta(weeks=78) <= end - datetime.combine(told.organisation.first, datetime.min.time(), UTC)
        assert any(ticket.number == 500 for ticket in told.tickets if ticket.project == "PAY")


def test_the_configuration_is_valid_and_says_that_it_is_a_demo(story: Story) -> None:
    """Every service has its team and repository, every person all their accounts, and the kind shows on every page."""
    settings = parse_settings(generator.demo_settings(), "demo")
    assert settings.workspace.kind == "demo"
    assert {service.team for service in settings.service} < {team.name for team in settings.team}
    assert {name for service in settings.service for name in service.depends_on} <= set(story.organisation.services)
    assert {person.team for person in settings.identity.people} == {team.name for team in settings.team}
    assert not settings.source


def test_everybody_who_acts_is_configured(story: Story) -> None:
    """No login in the payloads is left to be guessed: it is a configured person's, or automation's."""
    settings = parse_settings(generator.demo_settings(), "demo")
    known = {login for person in settings.identity.people for login in person.logins}
    bots = {name.removesuffix("[bot]") for name in settings.identity.bots}
    seen = set()
    for source, _, answer in generator.responses(story):
        if source == "github":
            seen |= set(re.findall(r'"login":"([^"]+)"', orjson.dumps(answer.body).decode()))
    assert {login for login in seen if f"github:{login}" not in known} <= bots | set(settings.identity.bots)


def test_progress_is_reported_and_ends_with_the_seed(
    written: tuple[RawStore, generator.DemoSummary], steps: list[Progress]
) -> None:
    """A user who waits sees that it goes on, and afterwards which seed to quote."""
    assert [step.records for step in steps] == sorted(step.records for step in steps)
    assert {"github", "jira", "jenkins"} <= {step.source for step in steps}
    assert f"seed {written[1].seed}" in steps[-1].notice

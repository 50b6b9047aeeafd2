"""Orchestrating sources and streams."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from ingest.http import Client
from ingest.http_errors import ForbiddenError, OverloadedError
from ingest.progress import Progress
from ingest.source import Connection, Connector, Position, Surroundings, Task
from ingest.store import RawStore
from ingest.store_records import Page, RawRecord
from ingest.sync import SourceOutcome, chosen_sources, sync
from models.errors import ConfigurationError, SourceError
from models.settings import SourceSettings
from models.streams import Stream

ISSUES, RUNS, RELEASES = (Stream("github", name) for name in ("issues", "workflow_runs", "releases"))


def source(name: str = "hub") -> SourceSettings:
    return SourceSettings(type="github", name=name)


def page(stream: Stream, *keys: str, scope: str = "a/b", **more: object) -> Page:
    return Page(stream, [RawRecord(stream, key, {"key": key}) for key in keys], scope=scope, **more)  # type: ignore[arg-type]


def task(stream: Stream, *pages: Page | Exception, scope: str = "a/b", **more: bool) -> Task:
    def read(position: Position) -> Iterator[Page]:
        for one in pages:
            if isinstance(one, Exception):
                raise one
            yield one

    return Task(stream, scope, read, **more)


def synced(
    store: RawStore,
    tasks: Iterable[Task] | Callable[[], Connection],
    report: Callable[[Progress], None] = lambda progress: None,
) -> SourceOutcome:
    def connect(settings: SourceSettings, surroundings: Surroundings) -> Connection:
        if callable(tasks):
            return tasks()
        return Connection(Client("https://x.example"), tasks, "reader", "repo")

    connector = Connector("github", (), connect)
    return sync([source()], {"github": connector}, Surroundings(store), report=report)[0]


def test_a_failing_stream_never_stops_the_others(store: RawStore) -> None:
    """What came before the failure is kept, the reason is on the run log, the next stream is read."""
    outcome = synced(
        store,
        [task(ISSUES, page(ISSUES, "1"), OverloadedError("The source is down.")), task(RUNS, page(RUNS, "2"))],
    )
    assert [error.what for error in outcome.failures] == ["The source is down."]
    assert (store.count(ISSUES), store.count(RUNS)) == (1, 1)
    assert store.con.execute("select stream, error from raw.run_streams order by stream").fetchall() == [
        ("github.issues", "The source is down."),
        ("github.workflow_runs", None),
    ]
    assert store.con.execute("select status, error from raw.runs").fetchone() == ("failed", "The source is down.")


def test_an_answer_of_an_unexpected_shape_ends_its_stream_only(store: RawStore) -> None:
    """A parser's surprise is an error a user can report, and no traceback."""
    outcome = synced(store, [task(ISSUES, KeyError("nodes")), task(RUNS, page(RUNS, "2"))])
    assert "unexpected shape: 'nodes' is missing." in str(outcome.failures[0])
    assert store.count(RUNS) == 1


def test_a_failure_that_knows_no_place_is_given_that_of_its_reading(store: RawStore) -> None:
    """What reads an answer knows no source; whoever is told needs source, stream and scope."""
    outcome = synced(store, [task(ISSUES, SourceError("The source answered without a list of items."))])
    (failure,) = outcome.failures
    assert failure.where.split(", ") == [outcome.source, str(ISSUES), outcome.tasks[0].scope]


def test_a_refusal_of_something_optional_is_noted_and_no_failure(store: RawStore) -> None:
    """Many tokens may not read bypasses; the sync is complete all the same, and the log says what was not read."""
    outcome = synced(store, [task(RELEASES, ForbiddenError("may not read"), is_optional=True)])
    assert outcome.failures == []
    assert outcome.tasks[0].error is not None
    assert store.con.execute("select error from raw.run_streams").fetchall() == [("may not read",)]
    assert store.con.execute("select status from raw.runs").fetchone() == ("ok",)


def test_an_optional_stream_that_fails_otherwise_is_a_failure(store: RawStore) -> None:
    """Only a refusal is expected; an outage is not."""
    assert len(synced(store, [task(RELEASES, OverloadedError("down"), is_optional=True)]).failures) == 1


def test_the_mark_that_a_scope_was_read_is_left_out_after_a_failure_in_it(store: RawStore) -> None:
    """Else the next sync would believe that nothing moved; other scopes are not affected."""
    done = [
        task(RELEASES, page(RELEASES, scope, scope=scope), scope=scope, needs_clean_scope=True)
        for scope in ("a/b", "c/d")
    ]
    synced(store, [task(ISSUES, OverloadedError("down")), *done])
    assert store.con.execute("select record_key from raw.github_releases").fetchall() == [("c/d",)]


def test_a_source_that_cannot_be_reached_is_a_failed_run(store: RawStore) -> None:
    """There is a run to see on Data health, with the reason."""

    def refuse() -> Connection:
        raise SourceError("The source does not accept the credential (401).")

    outcome = synced(store, refuse)
    assert "401" in str(outcome.failures[0])
    assert store.con.execute("select status, error from raw.runs").fetchall() == [
        ("failed", "The source does not accept the credential (401).")
    ]


def test_a_task_is_told_where_the_last_reading_ended(store: RawStore) -> None:
    """The watermark of a finished reading and the cursor of an unfinished one come back with the next sync."""
    seen: list[Position] = []

    def read(position: Position) -> Iterator[Page]:
        seen.append(position)
        yield page(ISSUES, str(len(seen)), watermark=f"mark {len(seen)}", cursor=f"cursor {len(seen)}")

    for _ in range(2):
        synced(store, [Task(ISSUES, "a/b", read)])
    assert [(position.watermark, position.cursor) for position in seen] == [(None, None), ("mark 1", "cursor 1")]


def test_principal_and_scopes_are_on_the_run_and_the_token_is_not(store: RawStore) -> None:
    """Who read is evidence; with what is a secret."""
    synced(store, [])
    assert store.con.execute("select principal, scopes from raw.runs").fetchall() == [("reader", "repo")]


def test_progress_counts_records_and_requests_after_every_page(store: RawStore) -> None:
    """A progress bar needs the stream, the count so far and the rate."""
    seen: list[Progress] = []
    synced(store, [task(ISSUES, page(ISSUES, "1", "2"), page(ISSUES, "3"))], seen.append)
    assert [(p.stream, p.records) for p in seen] == [("github.issues", 2), ("github.issues", 3)]
    assert seen[-1].rate is None or seen[-1].rate > 0


def test_only_the_named_sources_are_chosen_and_a_wrong_name_is_told(store: RawStore) -> None:
    """``--source`` names what to read; a typing error does not read everything."""
    sources = [source("one"), source("two")]
    assert [chosen.name for chosen in chosen_sources(sources, ["two"])] == ["two"]
    assert chosen_sources(sources, []) == sources
    with pytest.raises(ConfigurationError, match="one, two"):
        chosen_sources(sources, ["three"])
    with pytest.raises(ConfigurationError, match="No source"):
        chosen_sources([], [])

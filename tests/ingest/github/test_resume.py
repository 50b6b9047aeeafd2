"""A sync of GitHub that is killed and run again."""

from __future__ import annotations

import pytest

from ingest.store import RawStore
from models.streams import STREAMS
from tests.conftest import FixedClock
from tests.ingest.github.large import large_repository
from tests.ingest.github.syncing import KilledError, Syncing, killed_after
from tests.servers.github import GitHubServer, Repository
from tests.staging import staged

KINDS = ("change", "commit", "decision", "event", "deployment", "deployment_status", "run", "run_step", "release")


def small_repository() -> Repository:
    """Several pages of everything."""
    return large_repository(pull_requests=60, deployments=101, runs=101, jobs=1)


def contents(store: RawStore) -> dict[str, list[tuple[object, ...]]]:
    """Return every payload version by stream, whatever the order and the run they came in."""
    return {
        str(stream): store.con.execute(
            f"select record_key, payload_sha256, version_at from raw.{stream.table} order by all"
        ).fetchall()
        for stream in STREAMS
        if stream.source_type == "github"
    }


@pytest.mark.slow
def test_killed_at_any_page_and_run_again_gives_the_same_tables(
    store: RawStore, fixed_clock: FixedClock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing is lost and nothing doubles, wherever the process died."""
    with GitHubServer(small_repository()) as server:
        pages = sum(task.pages for task in Syncing(server, store, fixed_clock).clean().tasks)
        expected = contents(store)
        for died_after in range(pages):
            with RawStore(tmp_path_factory.mktemp("killed") / "store.duckdb") as killed:
                revive = killed_after(killed, died_after)
                with pytest.raises(KilledError):
                    Syncing(server, killed, fixed_clock)()
                revive()
                Syncing(server, killed, fixed_clock).clean()
                assert contents(killed) == expected, f"killed after {died_after} pages"
                runs = killed.con.execute("select status from raw.runs order by started_at").fetchall()
                assert runs == [("interrupted",), ("ok",)]
    assert pages > 10
    assert all(expected[f"github.{name}"] for name in ("pull_requests", "reviews", "deployments", "workflow_jobs"))


def test_after_a_kill_only_the_rest_is_asked_for(store: RawStore, fixed_clock: FixedClock) -> None:
    """Twenty pages of pull requests, killed after fifteen: five remain (and the question whether anything moved)."""
    with GitHubServer(large_repository(deployments=1, runs=1, jobs=0)) as server:
        syncing = Syncing(server, store, fixed_clock)
        revive = killed_after(store, 15)
        with pytest.raises(KilledError):
            syncing()
        assert server.graphql_count("pullRequests") == 16  # the one being stored when it died is asked again
        revive()
        syncing.clean()
        assert server.graphql_count("pullRequests") == 21
    assert len(staged(store, "github", "change")) == 1000


def test_the_kinds_of_a_killed_sync_equal_those_of_an_undisturbed_one(
    store: RawStore, fixed_clock: FixedClock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What counts in the end are the rows that the models read."""
    with GitHubServer(small_repository()) as server:
        Syncing(server, store, fixed_clock).clean()
        expected = {kind: staged(store, "github", kind) for kind in KINDS}
        with RawStore(tmp_path_factory.mktemp("killed") / "store.duckdb") as killed:
            for died_after in (1, 2, 3):
                revive = killed_after(killed, died_after)
                with pytest.raises(KilledError):
                    Syncing(server, killed, fixed_clock)()
                revive()
            Syncing(server, killed, fixed_clock).clean()
            assert {kind: staged(killed, "github", kind) for kind in KINDS} == expected

"""GitHub refusing, failing and being somebody else."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from ingest.github.graphql import LISTS
from ingest.http_errors import AuthenticationError, NotFoundError, RateLimitError, UnreadableAnswerError
from models.errors import SourceError
from tests.ingest.github.large import large_repository
from tests.ingest.github.syncing import Syncing
from tests.servers.base import Answer, Asked
from tests.servers.github import GitHubServer, Repository
from tests.servers.github_data import person, pull_request, review
from tests.staging import staged

ANN, BEN = person("ann"), person("ben")
PLANTED = "ghs_plantedPLANTED0123456789plantedPLANTED"


def asks(operation: str) -> Callable[[Asked], bool]:
    return lambda asked: bool(asked.body) and f"query {operation}" in asked.body.get("query", "")


def limited(message: str = "API rate limit exceeded", kind: str = "RATE_LIMITED") -> Answer:
    return Answer({"errors": [{"type": kind, "message": message}]})


@pytest.fixture
def with_changes(repository: Repository) -> Repository:
    """A repository with 60 pull requests."""
    repository.pull_requests += [pull_request(number, ANN, number) for number in range(60)]
    return repository


@pytest.mark.usefixtures("with_changes")
@pytest.mark.parametrize(
    "refusal",
    [
        limited(),
        limited("You have exceeded a secondary rate limit.", ""),
        Answer({"message": "secondary rate limit"}, 403),
        Answer({"message": "slow down"}, 429, {"Retry-After": "60"}),
        Answer({"message": "slow down"}, 429),
    ],
    ids=["GraphQL limit", "GraphQL secondary limit", "403 secondary limit", "429 with time", "429 without time"],
)
def test_a_rate_limit_in_any_guise_is_waited_out(syncing: Syncing, refusal: Answer) -> None:
    """With status 200, 403 or 429: wait about a minute, ask again, lose nothing."""
    syncing.server.fail(refusal, matches=asks("pullRequests"))
    syncing.clean()
    assert [wait for wait in syncing.clock.slept if wait > 50]
    assert len(staged(syncing.store, "github", "change")) == 60


@pytest.mark.usefixtures("with_changes")
def test_a_limit_used_up_for_long_ends_the_sync_and_the_next_one_goes_on(syncing: Syncing) -> None:
    """The error says when to come back; what was read stays, and is not read again."""
    refusals = [Answer({}, 429, {"Retry-After": "3000"})]
    syncing.server.fail(refusals[0], times=1, matches=lambda asked: asks("pullRequests")(asked) and _after(asked))
    outcome = syncing()
    assert isinstance(outcome.failures[0], RateLimitError)
    assert "it continues there" in outcome.failures[0].next_step
    stored = len(staged(syncing.store, "github", "change"))
    assert stored == 50
    before = syncing.server.graphql_count("pullRequests")
    syncing.clean()
    assert syncing.server.graphql_count("pullRequests") - before == 1
    assert len(staged(syncing.store, "github", "change")) == 60


def _after(asked: Asked) -> bool:
    return bool(asked.body["variables"].get("after"))


@pytest.mark.usefixtures("with_changes")
def test_a_server_that_states_no_limits_is_no_problem(syncing: Syncing) -> None:
    """Enterprise servers answer ``rateLimit: null`` and send no such headers."""
    syncing.server.states_limits = False
    syncing.clean()
    assert len(staged(syncing.store, "github", "change")) == 60


@pytest.mark.usefixtures("with_changes")
def test_an_older_enterprise_server_is_asked_for_the_numbers_it_has(syncing: Syncing) -> None:
    """It does not know ``fullDatabaseId``; keys are the same, because the numbers are."""
    syncing.server.knows_full_numbers = False
    syncing.server.repositories["acme/shop"].pull_requests[0]["reviews"] = [review(5, BEN)]
    syncing.clean()
    assert staged(syncing.store, "github", "decision")[0]["key"] == "acme/shop#0/review/5:approved"


@pytest.mark.usefixtures("with_changes")
@pytest.mark.parametrize(
    "failure",
    [
        Answer({}, 502),
        Answer(b'{"data": {"repos', 200),
        Answer(b"<html>unicorn</html>", 200),
        Answer({"data": None, "errors": [{"message": "Something went wrong while executing your query."}]}),
    ],
    ids=["502 storm", "truncated JSON", "HTML instead of JSON", "took too long"],
)
def test_a_storm_of_failures_passes(syncing: Syncing, failure: Answer) -> None:
    """Nine failures in a row, then the answer: the sync is complete."""
    syncing.server.fail(failure, times=9, matches=asks("pullRequests"))
    syncing.clean()
    assert len(staged(syncing.store, "github", "change")) == 60


@pytest.mark.usefixtures("with_changes")
def test_an_answer_cut_short_by_a_resource_limit_is_asked_again_for_less(syncing: Syncing) -> None:
    """GitHub then leaves lists out of an answer that looks complete; to believe it would lose reviews silently."""
    change = syncing.server.repositories["acme/shop"].pull_requests[-1]
    change["reviews"] = [review(5, BEN)]
    partial = {"pullRequests": {"totalCount": 60, "pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": []}}
    error = {"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource limits for this query exceeded."}
    cut = Answer({"data": {"repository": {"nameWithOwner": "acme/shop", **partial}}, "errors": [error]})
    syncing.server.fail(cut, times=2, matches=asks("pullRequests"))
    syncing.clean()
    assert len(staged(syncing.store, "github", "change")) == 60
    assert len(staged(syncing.store, "github", "decision")) == 1


@pytest.mark.parametrize(
    ("connection", "words"),
    [(None, "may not read pullRequests"), ("reviews", "may not read reviews of pullRequests")],
)
def test_a_list_that_the_credential_may_not_read_is_no_empty_list(
    with_changes: Repository, syncing: Syncing, connection: str | None, words: str
) -> None:
    """GitHub answers null in its place; no reviews and no right to see them are different things."""
    empty = {"totalCount": 0, "pageInfo": _END, "nodes": []}
    node = {**with_changes.pull_requests[0], **dict.fromkeys(LISTS, empty)}
    listed = None if connection is None else {"nodes": [{**node, connection: None}], "pageInfo": _END}
    syncing.server.fail(
        Answer({"data": {"repository": {"nameWithOwner": "acme/shop", "pullRequests": listed}}}),
        matches=asks("pullRequests"),
    )
    assert [words in str(error) for error in syncing().failures] == [True]
    assert staged(syncing.store, "github", "change") == []


_END = {"hasNextPage": False, "endCursor": None}


@pytest.mark.usefixtures("with_changes")
def test_html_for_good_fails_its_stream_and_no_other(syncing: Syncing) -> None:
    """Runs are still read; the next sync reads what this one could not."""
    syncing.server.fail(Answer(b"<html>", 200), times=9999, matches=asks("pullRequests"))
    syncing.server.repositories["acme/shop"].runs = large_repository(0, 1, 5, 0).runs
    outcome = syncing()
    assert [type(error) for error in outcome.failures] == [UnreadableAnswerError]
    assert len(staged(syncing.store, "github", "run")) == 5
    syncing.server.faults.clear()
    syncing.clean()
    assert len(staged(syncing.store, "github", "change")) == 60


@pytest.mark.usefixtures("with_changes")
def test_a_redirect_to_another_host_gets_no_token(syncing: Syncing) -> None:
    """The sync fails there, and the other host never hears of the credential."""
    with GitHubServer() as other:
        away = Answer({}, 307, {"Location": f"{other.url}/api/graphql"})
        syncing.server.fail(away, times=9, matches=asks("pullRequests"))
        outcome = syncing()
        assert "another host" in str(outcome.failures[0])
        assert other.asked == []


@pytest.mark.usefixtures("with_changes")
def test_a_token_that_expires_on_the_way_fails_what_is_left_and_says_so(syncing: Syncing) -> None:
    """What was read is kept; with a new token the next sync goes on."""

    def expire(asked: Asked) -> Answer:
        syncing.server.tokens.clear()
        return Answer({"message": "Bad credentials"}, 401)

    syncing.server.fail(expire, matches=lambda asked: asks("pullRequests")(asked) and _after(asked))
    outcome = syncing()
    assert {type(error) for error in outcome.failures} == {AuthenticationError}
    assert len(staged(syncing.store, "github", "change")) == 50
    syncing.server.tokens.add("new-token")
    syncing.token = "new-token"
    syncing.clean()
    assert len(staged(syncing.store, "github", "change")) == 60


def test_a_repository_that_is_not_there_fails_by_name_and_the_others_are_read(
    with_changes: Repository, syncing: Syncing
) -> None:
    """A typing error in one name must not cost the rest."""
    syncing.repositories = ("acme/shop", "acme/shoop")
    outcome = syncing()
    assert [(type(error), error.where) for error in outcome.failures] == [(NotFoundError, "acme/shoop")]
    assert len(staged(syncing.store, "github", "change")) == len(with_changes.pull_requests)


@pytest.mark.usefixtures("with_changes")
def test_what_a_token_may_not_read_is_noted_and_no_failure(syncing: Syncing) -> None:
    """Bypasses need administration rights; the log says that they were not read."""
    refused = Answer({"message": "Resource not accessible by integration"}, 403)
    syncing.server.fail(refused, times=9, matches=lambda asked: "rule-suites" in asked.path)
    outcome = syncing.clean()
    noted = {task.stream: str(task.error) for task in outcome.tasks if task.error}
    assert list(noted) == ["github.rule_suites"]
    assert "not accessible" in noted["github.rule_suites"]


def test_an_answer_of_an_unexpected_shape_is_an_error_and_no_traceback(
    with_changes: Repository, syncing: Syncing
) -> None:
    """A list without nodes ends its stream; the next sync tries again."""
    odd = Answer({"data": {"repository": {"pullRequests": {"totalCount": len(with_changes.pull_requests)}}}})
    syncing.server.fail(odd, matches=asks("pullRequests"))
    outcome = syncing()
    assert [type(error) for error in outcome.failures] == [SourceError]
    assert "unexpected shape" in str(outcome.failures[0])


@pytest.mark.usefixtures("with_changes")
def test_no_token_reaches_the_database_a_log_or_an_error(syncing: Syncing, caplog: pytest.LogCaptureFixture) -> None:
    """A marked token is used, refused and echoed by the server; afterwards it is nowhere to be found."""
    caplog.set_level(logging.DEBUG)
    syncing.token = PLANTED
    syncing.server.tokens = {PLANTED}
    echo = Answer({"message": f"token {PLANTED} may not"}, 400)
    syncing.server.fail(echo, matches=lambda asked: asked.path.endswith("/releases"))
    syncing.server.fail(
        Answer({"errors": [{"message": f"no {PLANTED}"}], "data": None}), times=99, matches=asks("issues")
    )
    outcome = syncing()
    assert len(outcome.failures) == 2
    syncing.server.tokens.clear()
    refused = syncing()
    assert refused.error is not None
    texts = [caplog.text, *(str(error) for error in (*outcome.failures, *refused.failures))]
    texts += [str(error.as_json()) for error in outcome.failures]
    tables = syncing.store.con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    for (table,) in tables:
        texts += [str(row) for row in syncing.store.con.execute(f"select * from {table}").fetchall()]
    assert len(texts) > 80
    assert [text for text in texts if PLANTED in text or PLANTED[10:30] in text] == []

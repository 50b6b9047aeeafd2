"""The HTTP client's manners, against a server on this machine that misbehaves on demand."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ingest.credentials import basic, bearer
from ingest.http import Client, checked_base_url, next_link
from ingest.http_errors import (
    AuthenticationError,
    ForbiddenError,
    NotFoundError,
    OverloadedError,
    RateLimitError,
    UnreadableAnswerError,
)
from ingest.manners import Policy
from ingest.recordings import FileRecorder
from models.errors import ConfigurationError, SourceError
from tests.conftest import FixedClock
from tests.servers.base import Answer, Asked, ImitationServer

SECRET = "planted-secret-8c1f"
POLICY = Policy(read_timeout=0.2, attempts=4, backoff=1, deadline=100, patience=900)


class Echo(ImitationServer):
    """Answers everything with the request's path."""

    def answer(self, asked: Asked) -> Answer:
        """Answer."""
        return Answer({"path": asked.path}, headers={"ETag": '"v1"'})


@pytest.fixture
def server() -> Iterator[Echo]:
    with Echo() as running:
        yield running


@pytest.fixture
def client(server: Echo, fixed_clock: FixedClock) -> Client:
    return Client(server.url, bearer(lambda: SECRET), policy=POLICY, clock=fixed_clock.clock)


def limited(status: int = 429, **headers: str) -> Answer:
    return Answer({"message": "slow down"}, status, {name.replace("_", "-"): text for name, text in headers.items()})


def test_a_request_carries_the_credential_and_returns_what_was_answered(server: Echo, client: Client) -> None:
    """The shown address is the asked one; the body is parsed; the count is ours to take."""
    response = client.get("/things", {"page": 2})
    assert response.body == {"path": "/things"}
    assert response.url == f"{server.url}/things?page=2"
    assert server.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    assert (client.take_requests(), client.take_requests()) == (1, 0)


def test_retry_after_is_waited_for(server: Echo, client: Client, fixed_clock: FixedClock) -> None:
    """A 429 that says how long is believed."""
    server.fail(limited(Retry_After="7"))
    assert client.get("/things").body
    assert 7 <= fixed_clock.slept[0] <= 8


def test_retry_after_may_be_a_date(server: Echo, client: Client, fixed_clock: FixedClock) -> None:
    """The header's second form is an instant."""
    at = fixed_clock.at + timedelta(seconds=30)
    server.fail(limited(Retry_After=at.strftime("%a, %d %b %Y %H:%M:%S GMT")))
    client.get("/things")
    assert 30 <= fixed_clock.slept[0] <= 31


def test_a_limit_that_names_no_time_is_waited_out_for_a_minute_then_two(
    server: Echo, client: Client, fixed_clock: FixedClock
) -> None:
    """Without a header the wait starts at a minute and doubles."""
    server.fail(limited(), times=2)
    client.get("/things")
    assert [round(wait // 60) for wait in fixed_clock.slept] == [1, 2]


def test_a_secondary_limit_is_told_from_a_refusal_by_its_words(
    server: Echo, client: Client, fixed_clock: FixedClock
) -> None:
    """A 403 that speaks of a rate limit is one; it says nothing about permissions."""
    server.fail(Answer({"message": "You have exceeded a secondary rate limit."}, 403))
    assert client.get("/things").body
    assert 60 <= fixed_clock.slept[0] <= 61


def test_a_plain_403_is_not_tried_again_and_names_the_missing_permission(server: Echo, client: Client) -> None:
    """Asking again would change nothing."""
    server.fail(Answer({"message": "no"}, 403, {"X-Accepted-GitHub-Permissions": "administration=read"}), times=9)
    with pytest.raises(ForbiddenError) as raised:
        client.get("/things")
    assert "administration=read" in str(raised.value)
    assert len(server.asked) == 1


def test_a_budget_known_to_be_used_up_is_waited_for_before_asking(
    server: Echo, client: Client, fixed_clock: FixedClock
) -> None:
    """Nothing is sent before the reset that the last answer stated."""
    reset = int((fixed_clock.at + timedelta(seconds=120)).timestamp())
    server.fail(Answer({}, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}))
    client.get("/things")
    client.get("/things")
    assert 120 <= fixed_clock.slept[0] <= 121


def test_budgets_are_separate(server: Echo, client: Client, fixed_clock: FixedClock) -> None:
    """A used-up budget of one API does not stop the other."""
    reset = int((fixed_clock.at + timedelta(seconds=120)).timestamp())
    server.fail(Answer({}, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}))
    client.get("/things")
    client.post("/query", {"q": 1}, budget="graphql")
    assert fixed_clock.slept == []
    assert (client.budgets["rest"].remaining, client.budgets["graphql"].remaining) == (0, None)


def test_a_wait_beyond_our_patience_ends_with_the_time_to_come_back(server: Echo, client: Client) -> None:
    """An hour is not slept through; what was read is stored, and the command continues there."""
    server.fail(limited(Retry_After="3600"))
    with pytest.raises(RateLimitError) as raised:
        client.get("/things")
    assert "after 13:00:00 UTC" in raised.value.next_step
    assert "stored" in raised.value.kept


@pytest.mark.parametrize(
    "failure",
    [
        Answer({}, 502),
        Answer(b'{"half": [1, 2', 200),
        Answer(b"<html>busy</html>", 200, {"Content-Type": "text/html"}),
        Answer({"a": "b" * 500}, 200, cut_after=20),
        Answer({}, 200, delay=0.5),
    ],
    ids=["bad gateway", "truncated JSON", "HTML", "connection cut", "too slow"],
)
def test_a_passing_failure_is_tried_again(
    server: Echo, client: Client, fixed_clock: FixedClock, failure: Answer
) -> None:
    """Once the server recovers, nothing of the trouble is left in the answer."""
    server.fail(failure, times=2)
    assert client.get("/things").body == {"path": "/things"}
    assert client.requests == 3
    assert len(fixed_clock.slept) == 2


def test_a_storm_of_failures_ends_after_so_many_attempts(server: Echo, client: Client) -> None:
    """The error says what the last failure was, and every attempt was counted."""
    server.fail(Answer({}, 503), times=99)
    with pytest.raises(OverloadedError, match="503"):
        client.get("/things")
    assert client.requests == len(server.asked) == POLICY.attempts


def test_retries_end_at_the_overall_deadline(server: Echo, fixed_clock: FixedClock) -> None:
    """However many attempts are allowed, one request takes no longer than its deadline."""
    policy = Policy(attempts=1000, backoff=5, backoff_max=20, deadline=100)
    server.fail(Answer({}, 503), times=9999)
    began = fixed_clock.at
    with pytest.raises(OverloadedError):
        Client(server.url, policy=policy, clock=fixed_clock.clock).get("/things")
    assert fixed_clock.at - began <= timedelta(seconds=100)
    assert len(server.asked) > 4


def test_an_answer_that_stays_html_says_what_to_check(server: Echo, client: Client) -> None:
    """A sign-in page in between is the usual reason."""
    server.fail(Answer(b"<html>sign in</html>", 200), times=99)
    with pytest.raises(UnreadableAnswerError) as raised:
        client.get("/things")
    assert "base_url" in raised.value.next_step


def test_a_redirect_on_the_same_host_is_followed(server: Echo, client: Client) -> None:
    """Renamed repositories answer so."""
    server.fail(Answer({}, 301, {"Location": "/renamed"}), matches=lambda asked: asked.path == "/things")
    assert client.get("/things").body == {"path": "/renamed"}


def test_a_redirect_to_another_host_is_refused_and_gets_no_token(server: Echo, client: Client) -> None:
    """The credential belongs to one host."""
    with Echo() as other:
        server.fail(Answer({}, 302, {"Location": f"{other.url}/elsewhere"}))
        with pytest.raises(SourceError, match="another host"):
            client.get("/things")
        assert other.asked == []


def test_a_next_page_on_another_host_is_refused(client: Client) -> None:
    """A link in an answer is no reason to carry the token elsewhere."""
    with pytest.raises(SourceError, match="another host"):
        client.get("https://elsewhere.example/page/2")


def test_an_unchanged_list_is_none_when_asked_with_its_tag(server: Echo, client: Client) -> None:
    """304 is an answer, and no error."""
    server.fail(Answer(status=304), matches=lambda asked: asked.headers.get("if-none-match") == '"v1"')
    first = client.get_if_changed("/things", etag=None)
    assert first is not None
    assert client.get_if_changed("/things", etag=first.headers["etag"]) is None


def test_a_token_that_was_rotated_is_read_again_after_a_refusal(
    server: Echo, tmp_path: Path, fixed_clock: FixedClock
) -> None:
    """A file may hold a newer token than the one the sync began with."""
    file = tmp_path / "token"
    file.write_text("old")
    client = Client(server.url, bearer(file.read_text), clock=fixed_clock.clock)
    client.get("/one")
    file.write_text("new")
    server.fail(Answer({"message": "Bad credentials"}, 401), matches=lambda asked: "old" in str(asked.headers))
    assert client.get("/two").body == {"path": "/two"}


def test_a_token_that_stays_refused_is_an_error_that_says_so(server: Echo, client: Client) -> None:
    """The same credential is not sent for ever."""
    server.fail(Answer({"message": "Bad credentials"}, 401), times=9)
    with pytest.raises(AuthenticationError, match="Bad credentials"):
        client.get("/things")
    assert len(server.asked) == 1


def test_a_missing_thing_is_told_apart(server: Echo, client: Client) -> None:
    """404 is neither a failure of the server nor of the credential."""
    server.fail(Answer({"message": "Not Found"}, 404))
    with pytest.raises(NotFoundError):
        client.get("/things")


@pytest.mark.parametrize(
    "url",
    [
        "http://github.example",
        "ftp://github.example",
        "github.example",
        "https://user:pw@github.example",
        "https://github.example/?token=x",
        "",
    ],
)
def test_a_base_url_that_could_leak_or_is_none_is_refused(url: str) -> None:
    """Tokens travel encrypted, and addresses hold no credentials; the error does not repeat them."""
    with pytest.raises(ConfigurationError) as raised:
        checked_base_url(url)
    assert "pw" not in str(raised.value)


def test_http_is_fine_on_this_machine() -> None:
    """Nothing leaves it."""
    assert checked_base_url("http://127.0.0.1:8080/") == "http://127.0.0.1:8080"


def test_the_next_page_is_read_from_the_link_header(server: Echo, client: Client) -> None:
    """Only ``rel="next"`` counts."""
    link = f'<{server.url}/things?page=1>; rel="prev", <{server.url}/things?page=3>; rel="next"'
    server.fail(Answer({}, headers={"Link": link}))
    assert next_link(client.get("/things")) == f"{server.url}/things?page=3"
    assert next_link(client.get("/things")) is None


def test_a_judge_turns_a_disguised_limit_into_a_wait(server: Echo, client: Client, fixed_clock: FixedClock) -> None:
    """GraphQL says "rate limited" with status 200; whoever knows the source can tell."""
    verdicts: list[Callable[[], None]] = [_limit, lambda: None]
    response = client.post("/query", {}, judge=lambda answered: verdicts.pop(0)())
    assert response.body == {"path": "/query"}
    assert len(fixed_clock.slept) == 1


def _limit() -> None:
    raise RateLimitError("used up", wait=5)


@pytest.mark.parametrize("failure", [Answer({"message": f"bad {SECRET}"}, 400), Answer({}, 500), limited(401)])
def test_no_secret_reaches_an_error_a_log_an_address_or_a_recording(
    server: Echo, fixed_clock: FixedClock, tmp_path: Path, caplog: pytest.LogCaptureFixture, failure: Answer
) -> None:
    """Wherever the secret could show (an echoing server, a query, a header), it does not."""
    caplog.set_level(logging.DEBUG)
    recorder = FileRecorder(tmp_path, "recorded")
    client = Client(server.url, basic("me", lambda: SECRET), policy=POLICY, clock=fixed_clock.clock, recorder=recorder)
    response = client.get("/things", {"access_token": SECRET, "page": 1})
    server.fail(failure, times=99)
    with pytest.raises(SourceError) as raised:
        client.get(f"/things/{SECRET}")
    texts = [response.url, str(raised.value), str(raised.value.as_json()), caplog.text]
    texts += [path.read_text() for path in tmp_path.iterdir()]
    assert not [text for text in texts if SECRET in text or "bWU6" in text]
    assert response.url.endswith("access_token=[hidden]&page=1")


def test_reset_instants_are_understood_in_all_spellings(server: Echo, client: Client, fixed_clock: FixedClock) -> None:
    """Epoch seconds, an ISO instant, and seconds from now."""
    in_a_minute = datetime(2026, 7, 1, 12, 1, tzinfo=UTC)
    for value in (str(int(in_a_minute.timestamp())), in_a_minute.isoformat(), "60"):
        server.fail(Answer({}, headers={"X-RateLimit-Reset": value, "X-RateLimit-Remaining": "9"}))
        client.get("/things")
        assert client.budgets["rest"].reset_at == in_a_minute


def test_a_certificate_that_nobody_vouches_for_is_refused(
    tmp_path: Path, fixed_clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No request and no token goes to a server that cannot prove its name, until its certificate is trusted."""
    certificate = self_signed(tmp_path)
    with Echo() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.serve_tls(context)
        url = server.url.replace("http://127.0.0.1", "https://localhost")
        with pytest.raises(SourceError) as raised:
            Client(url, bearer(lambda: SECRET), policy=POLICY, clock=fixed_clock.clock).get("/things")
        assert "REQUESTS_CA_BUNDLE" in raised.value.next_step
        assert server.asked == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        client = Client(url, bearer(lambda: SECRET), policy=POLICY, clock=fixed_clock.clock)
        assert client.get("/things").body == {"path": "/things"}
        client.close()


def self_signed(folder: Path) -> Path:
    """Return a file with a key and a certificate for localhost that only itself vouches for."""
    key = generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    return path


def test_a_refused_connection_says_so_and_what_to_do(fixed_clock: FixedClock) -> None:
    """Whoever is woken by it reads why no answer came, and that nothing is lost by trying later."""
    with Echo() as stopped:
        url = stopped.url
    with pytest.raises(OverloadedError, match="connection was refused") as refused:
        Client(url, bearer(lambda: SECRET), policy=POLICY, clock=fixed_clock.clock).get("/x")
    assert "sync again" in refused.value.next_step


def test_a_wait_that_people_notice_is_said_while_it_lasts(server: Echo, fixed_clock: FixedClock) -> None:
    """Tries that follow at once are for the log; those that come after seconds are told."""
    said: list[str] = []
    policy = Policy(read_timeout=0.2, attempts=5, backoff=2, deadline=900, patience=900)
    server.fail(Answer({}, 503), times=4)
    Client(server.url, bearer(lambda: SECRET), policy=policy, clock=fixed_clock.clock, notice=said.append).get("/x")
    assert said
    assert all("503" in sentence and "Trying again in" in sentence for sentence in said)
    assert len(said) < 4

"""The push endpoint over real sockets: what is taken, what is refused, and that it ends well."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.push.spool import Spool
from models.workspace import Workspace
from tests.ingest.push.endpoint import (
    NEXT_SECRET,
    SECRET,
    Running,
    deployment,
    running,
    signature,
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("push")


@pytest.fixture(scope="module")
def endpoint(home: Path) -> Iterator[Running]:
    with running(home) as started:
        yield started


def received(home: Path) -> int:
    with Spool(Workspace(home).spool_path) as spool:
        return spool.state().received


def test_it_listens_on_the_loopback_and_says_so(endpoint: Running) -> None:
    """Nobody else can reach it unless somebody asked for that."""
    assert endpoint.url.startswith("http://127.0.0.1:")
    health = endpoint.session.get(f"{endpoint.url}/health", timeout=60)
    assert (health.status_code, health.json()["status"]) == (200, "ok")


def test_a_delivery_is_acknowledged_once_it_is_in_the_spool(endpoint: Running, home: Path) -> None:
    """202 says that it is on disk; the spool has it then, body and all."""
    before = received(home)
    answer = endpoint.record(deployment("first"))
    assert (answer.status_code, answer.json()["status"]) == (202, "stored")
    assert received(home) == before + 1


def test_a_replayed_delivery_is_stored_once(endpoint: Running, home: Path) -> None:
    """The same body, under the same id or another: the id is not signed, so the body is what tells."""
    body = {"action": "created", "sender": {"login": "ana"}, "repository": {"full_name": "acme/shop"}}
    assert endpoint.webhook("star", body, "guid-1").status_code == 202
    before = received(home)
    again, renamed = endpoint.webhook("star", body, "guid-1"), endpoint.webhook("star", body, "guid-2")
    assert [(one.status_code, one.json()["status"]) for one in (again, renamed)] == [(200, "already stored")] * 2
    assert received(home) == before


def test_an_idempotency_key_with_another_body_is_a_conflict(endpoint: Running, home: Path) -> None:
    """The sender meant one of the two; neither may replace the other."""
    assert endpoint.record(deployment("idem"), Idempotency_Key="run-1").status_code == 202
    assert endpoint.record(deployment("idem"), Idempotency_Key="run-1").status_code == 200
    before = received(home)
    assert endpoint.record(deployment("other"), Idempotency_Key="run-1").status_code == 409
    assert received(home) == before


def test_two_secrets_are_valid_while_one_replaces_the_other(endpoint: Running) -> None:
    """Keys rotate without a lost delivery, at GitHub's and PagerDuty's way of signing alike."""
    body = json.dumps(deployment("rotated")).encode()
    assert endpoint.post("deploys", body, X_Hub_Signature_256=signature(body, NEXT_SECRET)).status_code == 202
    event = {"event": {"id": "E-rotated", "event_type": "pagey.ping", "data": {"type": "ping"}}}
    body = json.dumps(event).encode()
    both = f"{signature(body, 'retired', 'v1=')}, {signature(body, NEXT_SECRET, 'v1=')}"
    assert endpoint.post("pagerduty", body, X_PagerDuty_Signature=both).status_code == 202


def wrong(body: bytes) -> dict[str, str]:
    good = signature(body)
    return {
        "none": "",
        "of another body": signature(body + b" "),
        "with another secret": signature(body, "guessed"),
        "without its prefix": good.removeprefix("sha256="),
        "cut short": good[:-1],
        "not ASCII": "sha256=é",
        "in the old scheme": "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest(),
    }


@pytest.mark.parametrize("name", wrong(b""))
def test_a_bad_signature_is_refused(endpoint: Running, home: Path, name: str) -> None:
    """401, nothing stored, and no word about what would have been right."""
    body, before = json.dumps(deployment("forged")).encode(), received(home)
    answer = endpoint.post("deploys", body, X_Hub_Signature_256=wrong(body)[name].encode().decode("latin-1"))
    assert answer.status_code == 401
    assert "sha256=" not in answer.text
    assert received(home) == before


def test_opsgenie_proves_itself_with_a_password_before_its_body_is_read(endpoint: Running) -> None:
    """It signs nothing; the secret comes as HTTP basic authentication."""
    alert = {"action": "Create", "alert": {"alertId": "a1", "updatedAt": 1_782_900_000_000}}
    assert endpoint.opsgenie(alert).status_code == 202
    pair = base64.b64encode(b"twotrack:guessed").decode()
    assert endpoint.post("opsgenie", alert, Authorization=f"Basic {pair}").status_code == 401
    assert endpoint.post("opsgenie", alert).status_code == 401


def standard(body: bytes, stamp: int) -> dict[str, str]:
    signed = f"msg-{stamp}.{stamp}.".encode() + body
    value = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
    return {"webhook_id": f"msg-{stamp}", "webhook_timestamp": str(stamp), "webhook_signature": f"v1,{value}"}


def test_a_signed_time_must_be_near_ours(endpoint: Running) -> None:
    """Standard Webhooks sign id and time: a delivery kept back and sent again later is refused."""
    body, now = json.dumps(deployment("timed")).encode(), int(time.time())
    assert endpoint.post("deploys", body, **standard(body, now - 3600)).status_code == 401
    assert endpoint.post("deploys", body, **standard(body, now)).status_code == 202
    forged = {**standard(body, now - 3600), "webhook_timestamp": str(now)}
    assert endpoint.post("deploys", body, **forged).status_code == 401


MALFORMED = {
    "no JSON": b"{",
    "cut short": b'{"kind": "deployment", "record": {"key": "a"',
    "not UTF-8": b'"\xff"',
    "nested without end": b"[" * 5000,
    "no record": b"[]",
    "an unknown kind": json.dumps({"kind": "deploy", "record": {"key": "1"}}).encode(),
    "an unknown field": json.dumps(deployment("1", sevice="checkout")).encode(),
    "no key": json.dumps({"kind": "deployment", "record": {"service": "x"}}).encode(),
    "an empty key": json.dumps(deployment(" ")).encode(),
    "a time without offset": json.dumps(deployment("1", created_at="2026-07-01T12:00:00")).encode(),
    "a number beyond all bounds": json.dumps({"kind": "change", "record": {"key": "1", "size_lines": 10**19}}).encode(),
    "a NUL character": json.dumps(deployment("1", title="a\0b")).encode(),
    "a lone surrogate": b'{"kind": "deployment", "record": {"key": "\\ud800"}}',
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_body_is_refused_though_its_signature_fits(endpoint: Running, home: Path, name: str) -> None:
    """400 with what is wrong; the sender still has it and can send it right."""
    before = received(home)
    answer = endpoint.record(MALFORMED[name])
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert received(home) == before


def test_of_json_lines_all_are_taken_or_none(endpoint: Running, home: Path) -> None:
    """A body is one delivery; what is wrong is told for each line, and the rest is not half stored."""
    good = b"\n".join(json.dumps(deployment(f"line-{n}")).encode() for n in range(3)) + b"\n"
    assert endpoint.record(good, Content_Type="application/x-ndjson").status_code == 202
    before = received(home)
    bad = good + json.dumps(deployment("line-3", status=7)).encode()
    answer = endpoint.record(bad, Content_Type="application/x-ndjson")
    assert (answer.status_code, answer.json()["problems"]) == (
        400,
        ["record 4: status: Input should be a valid string"],
    )
    assert received(home) == before


def test_a_form_from_github_is_opened(endpoint: Running) -> None:
    """GitHub posts either JSON or a form with the JSON in it; the signature covers the form."""
    body = b"payload=%7B%22zen%22%3A%22Keep+it+simple.%22%7D"
    answer = endpoint.post(
        "github", body, Content_Type="application/x-www-form-urlencoded", X_GitHub_Event="ping",
        X_GitHub_Delivery="form-1", X_Hub_Signature_256=signature(body),
    )  # fmt: skip
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/push/deploys", 405), ("PUT", "/push/deploys", 405), ("POST", "/push/nobody", 404),
     ("POST", "/elsewhere", 404), ("POST", "/health", 405)],
)  # fmt: skip
def test_other_methods_and_addresses_are_refused(endpoint: Running, method: str, path: str, status: int) -> None:
    """405 names what is allowed, 404 says no more than that there is nothing."""
    answer = endpoint.session.request(method, endpoint.url + path, data=b"{}", timeout=60)
    assert answer.status_code == status
    assert ("Allow" in answer.headers) == (status == 405)


def test_compressed_and_unknown_types_of_body_are_refused(endpoint: Running) -> None:
    """A small body could otherwise unfold to any size."""
    assert endpoint.record(b"\x1f\x8b", Content_Encoding="gzip").status_code == 415
    assert endpoint.record(b"<a/>", Content_Type="text/xml").status_code == 415


def raw(endpoint: Running, head: bytes, body: bytes = b"") -> bytes:
    """Send bytes and return all that comes back until the server closes; fails where it says nothing for a minute."""
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=60) as connection:
        connection.sendall(head + b"\r\n" + body)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


HEAD = b"POST /push/deploys HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def test_an_oversized_body_is_refused_before_it_is_read(endpoint: Running, home: Path) -> None:
    """The announced length is enough: not one byte of the body has been sent when the answer comes."""
    before = received(home)
    answer = raw(endpoint, HEAD + b"Content-Length: 20001\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()
    assert received(home) == before


def test_a_body_of_untold_length_is_read_no_further_than_the_bound(endpoint: Running) -> None:
    """In chunks, a sender need not say how much will come; the connection ends once it is too much."""
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    answer = raw(endpoint, HEAD + b"Transfer-Encoding: chunked\r\n", chunk * 2)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_slow_body_is_given_up(endpoint: Running, home: Path) -> None:
    """A sender that never finishes holds nothing for ever; 408, and nothing is stored."""
    before = received(home)
    answer = raw(endpoint, HEAD + b"Content-Length: 100\r\n", b'{"kind"')
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert received(home) == before


def test_what_is_no_http_is_refused_and_the_next_request_is_served(endpoint: Running) -> None:
    """Bytes from a port scanner cost one connection."""
    answer = raw(endpoint, b"\x16\x03\x01\x00\xa5\x01\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert endpoint.session.get(f"{endpoint.url}/health", timeout=60).status_code == 200


def test_it_ends_well_when_asked_to_and_names_no_secret(tmp_path: Path) -> None:
    """SIGTERM: exit code 0, a last line with the counts, and neither secret anywhere in log, spool or errors."""
    home = tmp_path / "home"
    with running(home) as started:
        assert started.record(deployment("last")).status_code == 202
        assert started.record(deployment("leak"), X_Hub_Signature_256=SECRET).status_code == 401
        # Where it does not belong: in an id that would be logged and stored, and in a record.
        assert started.record(deployment("told"), Idempotency_Key=SECRET).status_code == 400
        assert started.record(deployment("told", title=f"token {SECRET}")).status_code == 400
        out, err = started.stop()
    assert started.process.returncode == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines[-1] == {**lines[-1], "event": "stopped"}
    assert {line.get("status") for line in lines} >= {202, 401}
    everything = out + err + "".join(path.read_bytes().decode("latin-1") for path in home.rglob("*") if path.is_file())
    assert SECRET not in everything
    assert NEXT_SECRET not in everything

"""Talking to a source over HTTP with good manners; every connector asks through a :class:`Client`.

Owns time limits, retries with jitter under an overall deadline, rate limits, conditional requests, the refusal of
redirects to other hosts, the count of requests, and that no secret leaves in a URL, a log line or an error.
Refuses to know what an answer means.

    client = Client("https://api.example.com", bearer(lambda: resolve("env:EXAMPLE_TOKEN")))
    response = client.get("/things", {"per_page": 100})
    response.body, next_link(response), client.take_requests()
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter

from ingest.budget import UNSTATED_WAIT, Budget, limited_wait, stated_time
from ingest.connector import Response
from ingest.credentials import Anonymous, Credential
from ingest.http_errors import (
    AGAIN,
    LATER,
    NETWORK,
    NO_SOURCE,
    AuthenticationError,
    OverloadedError,
    RateLimitError,
    UnreadableAnswerError,
    is_rate_limited,
    refusal,
    unreachable,
)
from ingest.manners import Attempts, Clock, Policy
from ingest.secrets import Scrubber
from models.errors import ConfigurationError, SourceError

log = logging.getLogger(__name__)
# It would log every address as sent, secrets included; our own line says the same, cleaned.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

USER_AGENT = "twotrack"
_OVERLOADED = frozenset({500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 307, 308})
_MAXIMUM_REDIRECTS = 4
_NOT_MODIFIED = 304
_NOTICED_PAUSE = 3.0
_KEPT_HEADERS = frozenset({"date", "etag", "last-modified", "link", "content-type"})
_KEPT_PREFIXES = ("x-ratelimit-", "ratelimit-", "x-total", "x-next-page", "x-oauth-scopes", "x-seraph-", "x-ausername")


class Recorder(Protocol):
    """Something that keeps what a source answered, for a later replay."""

    def record(self, response: Response, status: int) -> None:
        """Keep one answer; its URL and headers hold no secret."""


@dataclass(frozen=True)
class Ask:
    """One request as the caller means it.

    Args:
        budget: Name of the rate limit it counts against.
        label: Becomes the shown URL's fragment, as in ``/graphql#deployments``.
        attempts: How often to try when the source fails; the policy's number when ``None``. Rate limits count apart.
        judge: Looks at a parsed answer and raises ``RateLimitError`` or ``OverloadedError`` if it is one in disguise.
    """

    method: str
    url: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    budget: str = "rest"
    label: str = ""
    attempts: int | None = None
    judge: Callable[[Response], None] | None = None


class Client:
    """A source's API under one base URL.

    Args:
        base_url: Address of the API; ``https`` except on this machine.
        credential: What authorises the requests.
        headers: Sent with every request.
        policy: How patient to be.
        clock: Time; tests pass one that does not wait.
        recorder: Keeps every answer when given.
        notice: Called with one sentence whenever the client has to wait.

    ``requests`` counts what was sent, ``answering`` the seconds until the answers came, ``budgets`` holds the limits as
    the last answers left them, and ``clock_ahead`` is by how many seconds our clock is ahead of the source's.
    """

    def __init__(
        self,
        base_url: str,
        credential: Credential | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        policy: Policy | None = None,
        clock: Clock | None = None,
        recorder: Recorder | None = None,
        notice: Callable[[str], None] | None = None,
    ) -> None:
        self.base_url = checked_base_url(base_url)
        self.policy = policy or Policy()
        self.clock = clock or Clock()
        self.scrub = Scrubber()
        self.budgets: dict[str, Budget] = {}
        self.requests = 0
        self.answering = 0.0
        self.clock_ahead: float | None = None
        self._credential: Credential = credential or Anonymous()
        self._headers = {"Accept": "application/json", "User-Agent": USER_AGENT, **(headers or {})}
        self._recorder = recorder
        self._notice = notice or log.info
        self._taken = 0
        self._session = requests.Session()
        # Every request on the wire must pass our own count, so the transport itself never retries.
        self._session.mount("https://", HTTPAdapter(max_retries=0))
        self._session.mount("http://", HTTPAdapter(max_retries=0))
        # Proxies and certificate bundles come from the environment; checking certificates cannot be turned off.
        self._transport = self._session.merge_environment_settings(self.base_url, {}, None, True, None)
        self._transport["verify"] = self._transport["verify"] or True

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def take_requests(self) -> int:
        """Return how many requests were sent since the last call; what a page's ``requests`` is filled with."""
        taken, self._taken = self.requests - self._taken, self.requests
        return taken

    def get(
        self, path: str, params: Mapping[str, Any] | None = None, *, budget: str = "rest", attempts: int | None = None
    ) -> Response:
        """GET a path under the base URL (or a full URL on its host) and return the parsed answer.

        Raises:
            SourceError: One of the classes in ``ingest.http_errors``, by what went wrong.
        """
        return self._required(Ask("GET", self._url(path), params or {}, budget=budget, attempts=attempts))

    def get_if_changed(
        self, path: str, params: Mapping[str, Any] | None = None, *, etag: str | None, budget: str = "rest"
    ) -> Response | None:
        """GET unless the source still has the version called ``etag``; ``None`` means unchanged."""
        condition = {"If-None-Match": etag} if etag else {}
        return self._ask(Ask("GET", self._url(path), params or {}, headers=condition, budget=budget))

    def post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        params: Mapping[str, Any] | None = None,
        budget: str = "rest",
        label: str = "",
        attempts: int | None = None,
        judge: Callable[[Response], None] | None = None,
    ) -> Response:
        """POST JSON that only reads (a search, a GraphQL query); the arguments are those of :class:`Ask`."""
        url = self._url(path)
        return self._required(Ask("POST", url, params or {}, body, {}, budget, label, attempts, judge))

    def _url(self, path: str) -> str:
        url = path if "://" in path else f"{self.base_url}/{path.lstrip('/')}"
        if urlsplit(url)[:2] != urlsplit(self.base_url)[:2]:
            raise SourceError(
                "The source pointed to another host, which is refused.",
                where=self.scrub.url(url),
                next_step="check base_url: if the source has moved, give its new address",
            )
        return url

    def _required(self, ask: Ask) -> Response:
        response = self._ask(ask)
        if response is None:
            raise UnreadableAnswerError(
                "The source answered 304 to a request without a condition.", where=ask.url, next_step=AGAIN
            )
        return response

    def _ask(self, ask: Ask) -> Response | None:
        attempts = Attempts(self.policy, self.clock, ask.attempts)
        while True:
            try:
                self._wait_for_budget(ask.budget)
                response = self._exchange(ask)
                if ask.judge and response:
                    ask.judge(response)
                return response
            except RateLimitError as error:
                self._wait_out(error, attempts, ask.budget)
            except AuthenticationError:
                if not attempts.may_renew_credential() or not self._credential.renew():
                    raise
            except (OverloadedError, UnreadableAnswerError) as error:
                pause = attempts.next_pause()
                if pause is None:
                    raise
                # Whoever watches is told of waits that they notice; short ones are for the log.
                (self._notice if pause >= _NOTICED_PAUSE else log.info)(f"{error.what} Trying again in {pause:.0f} s.")
                self.clock.sleep(pause)

    def _exchange(self, ask: Ask) -> Response | None:
        """Send one request, follow redirects on the same host, and judge the status; ``None`` for 'not modified'."""
        answer = self._send(self._prepare(ask, ask.url, ask.params), ask.budget)
        shown = self.scrub.url(str(answer.request.url)) + (f"#{ask.label}" if ask.label else "")
        for _ in range(_MAXIMUM_REDIRECTS):
            if answer.status_code not in _REDIRECTS:
                break
            target = self._url(urljoin(str(answer.url), answer.headers.get("location", "")))
            answer = self._send(self._prepare(ask, target, {}), ask.budget)
        if answer.status_code == _NOT_MODIFIED:
            return None
        if answer.status_code in _OVERLOADED:
            raise OverloadedError(f"The source failed with status {answer.status_code}.", where=shown, next_step=LATER)
        if is_rate_limited(answer):
            wait = limited_wait(_lower(answer), self.clock.now())
            raise RateLimitError("The source's rate limit is used up.", wait=wait, where=shown)
        if answer.status_code >= 300:
            raise refusal(answer, shown, self.scrub)
        response = Response(shown, _parsed(answer, shown), self.clock.now(), ask.body or {}, _kept(answer))
        if self._recorder:
            self._recorder.record(response, answer.status_code)
        return response

    def _prepare(self, ask: Ask, url: str, params: Mapping[str, Any]) -> requests.PreparedRequest:
        credential = self._credential.headers()
        self.scrub.learn(self._credential.secrets())
        content = {} if ask.body is None else {"Content-Type": "application/json"}
        data = None if ask.body is None else orjson.dumps(ask.body)
        headers = {**self._headers, **content, **credential, **ask.headers}
        return requests.Request(ask.method, url, params=dict(params), data=data, headers=headers).prepare()

    def _send(self, prepared: requests.PreparedRequest, budget: str) -> requests.Response:
        self.requests += 1
        self.budgets[budget] = self.budgets.get(budget, Budget()).sent()
        shown = self.scrub.url(str(prepared.url))
        log.debug("%s %s", prepared.method, shown)
        began = self.clock.monotonic()
        timeout = (self.policy.connect_timeout, self.policy.read_timeout)
        try:
            answer = self._session.send(prepared, timeout=timeout, allow_redirects=False, **self._transport)
        except requests.exceptions.SSLError as error:
            raise SourceError(
                f"The source's certificate is not trusted: {self.scrub.text(str(error))}.",
                where=shown,
                next_step="set REQUESTS_CA_BUNDLE to your organisation's certificate bundle",
            ) from None
        except requests.exceptions.Timeout:
            raise OverloadedError("The source did not answer in time.", where=shown, next_step=LATER) from None
        except requests.exceptions.RequestException as error:
            raise OverloadedError(
                unreachable(error, urlsplit(str(prepared.url)).hostname or ""), where=shown, next_step=NETWORK
            ) from None
        now = self.clock.now()
        self.answering += self.clock.monotonic() - began
        self.budgets[budget] = self.budgets[budget].after(_lower(answer), now)
        stated = stated_time(answer.headers.get("date", ""))
        self.clock_ahead = (now - stated).total_seconds() if stated else self.clock_ahead
        return answer

    def _wait_for_budget(self, budget: str) -> None:
        wait = self.budgets.get(budget, Budget()).wait(self.clock.now())
        if wait > 0:
            raise RateLimitError(f"The source's {budget} limit is used up.", wait=wait, where=self.base_url)

    def _wait_out(self, error: RateLimitError, attempts: Attempts, budget: str) -> None:
        """Wait for a limit as the source asks; where it does not say, a minute, doubling."""
        now = self.clock.now()
        known = self.budgets.get(budget, Budget())
        wait = error.wait or known.wait(now) or UNSTATED_WAIT * 2**attempts.limits
        pause = attempts.next_after_limit(wait)
        if pause is None:
            raise error.until(now, wait) from None
        self._notice(f"Rate limit reached; waiting {pause:.0f} s.")
        self.clock.sleep(pause)
        self.budgets[budget] = known.renewed()


def checked_base_url(url: str) -> str:
    """Return a base URL without its trailing slash.

    Raises:
        ConfigurationError: Not an absolute ``https`` address (``http`` only on this machine), or it holds a credential.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.username or parts.password:
        raise ConfigurationError(
            "The base URL must not hold a user or password.",
            where=host,
            kept="nothing was asked",
            next_step="correct it and run again; the credential stands apart, as token",
        )
    if parts.query or parts.fragment or not host or parts.scheme not in ("https", "http"):
        raise ConfigurationError(
            "The base URL must look like https://host/path.",
            where=Scrubber().url(url),
            kept="nothing was asked",
            next_step="correct it and run again",
        )
    if parts.scheme == "http" and not _is_this_machine(host):
        raise ConfigurationError(
            "The base URL must start with https://, or the token would travel readable.",
            where=Scrubber().url(url),
            kept="nothing was asked",
            next_step="correct it and run again",
        )
    return url.rstrip("/")


def next_link(response: Response) -> str | None:
    """Return the URL of the next page from the ``Link`` header, or ``None`` on the last page."""
    for link in requests.utils.parse_header_links(response.headers.get("link", "")):
        if link.get("rel") == "next":
            return str(link["url"])
    return None


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parsed(answer: requests.Response, shown: str) -> object:
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        kind = answer.headers.get("content-type", "no content type").partition(";")[0]
        raise UnreadableAnswerError(
            f"The source answered with something that is not JSON ({kind}, {len(answer.content)} bytes).",
            where=shown,
            next_step=NO_SOURCE,
        ) from None


def _lower(answer: requests.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def _kept(answer: requests.Response) -> dict[str, str]:
    """Return the headers worth keeping, by lower-case name; cookies and the like are not."""
    found = _lower(answer)
    return {name: found[name] for name in found if name in _KEPT_HEADERS or name.startswith(_KEPT_PREFIXES)}

"""What a sync needs of a source: a connector opens a connection, and the connection offers tasks that yield pages.

Owns these few shapes, which ``ingest.sync`` runs and every connector fills. Refuses to know any source, and to store.

A connector is ``Connector("jira", ROUTES, connect)``. ``connect`` checks the settings, asks the source who we are, and
returns a :class:`Connection` whose tasks each read one stream of one scope (a repository, a project) page by page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ingest.connector import Route
from ingest.credentials import Credential
from ingest.http import Client, Recorder
from ingest.manners import Clock, Policy
from ingest.store import RawStore
from ingest.store_records import Page
from models.settings import SourceSettings
from models.streams import Stream


@dataclass(frozen=True)
class Position:
    """Where a stream stands.

    Args:
        watermark: What the last complete reading left; ``None`` before the first.
        cursor: Where an unfinished reading stopped; ``None`` when the last one was complete.
        since: Read again everything from this instant on; asked for by the user.
    """

    watermark: str | None = None
    cursor: str | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class Task:
    """The reading of one stream of one scope.

    Args:
        stream: The stream asked for; its pages may bring child records of others.
        scope: What within the source, part of the watermark's key.
        pages: Yields pages in order. Each is stored, with its cursor or watermark, before the next is asked for.
        is_optional: A refusal (403, 404) is noted and no failure: many tokens may not read this.
        needs_clean_scope: Run only if no earlier task of this scope failed in this sync.
    """

    stream: Stream
    scope: str
    pages: Callable[[Position], Iterable[Page]]
    is_optional: bool = False
    needs_clean_scope: bool = False


@dataclass(frozen=True)
class Expected:
    """What the first reading of a stream will bring, by the source's own count.

    Args:
        stream: The stream.
        scope: What within the source.
        records: How many records the source says there are, without what is nested in them.
        requests: About how many requests they take, with what is nested in them.
        cost: What these take off the budget; GraphQL counts points, not requests. As many as requests when ``None``.
        budget: Name of the rate limit they count against.
    """

    stream: Stream
    scope: str
    records: int
    requests: int
    cost: int | None = None
    budget: str = "rest"


@dataclass(frozen=True)
class Permission:
    """Something the credential should be allowed to do.

    Args:
        name: As the source calls it where it is granted.
        unlocks: What is read with it, and so is missing without.
        probe: Asks for as little of it as can be; raises ``SourceError`` when it is refused.
        is_needed: Whether a sync fails without it.
    """

    name: str
    unlocks: str
    probe: Callable[[], object]
    is_needed: bool = False


@dataclass(frozen=True)
class Connection:
    """A source that answered.

    Args:
        client: What the tasks ask through; sync reads its counts and budgets, and cleans texts with its scrubber.
        tasks: In the order in which they are to run; may be a generator that looks at the store.
        principal: Who the source takes us for.
        scopes: What that principal may do, as the source puts it.
        expected: Counts what has never been read, in a few requests; nothing where all of it has.
        permissions: What the credential should be allowed to do, each with a way to try it.
    """

    client: Client
    tasks: Iterable[Task]
    principal: str | None = None
    scopes: str | None = None
    expected: Callable[[], Sequence[Expected]] = tuple
    permissions: Sequence[Permission] = ()


@dataclass(frozen=True)
class Surroundings:
    """What a connector is given besides its settings.

    Args:
        store: To look up what is already known; connectors never write.
        since: The user's ``--since``.
        clock: Time.
        policy: How patient clients are.
        recorder: Keeps every answer when given.
        notice: Says one sentence to the user.
    """

    store: RawStore
    since: datetime | None = None
    clock: Clock = field(default_factory=Clock)
    policy: Policy = field(default_factory=Policy)
    recorder: Recorder | None = None
    notice: Callable[[str], None] | None = None

    def client(
        self, base_url: str, credential: Credential | None = None, headers: Mapping[str, str] | None = None
    ) -> Client:
        """Return a client with these surroundings."""
        return Client(
            base_url,
            credential,
            headers=headers,
            policy=self.policy,
            clock=self.clock,
            recorder=self.recorder,
            notice=self.notice,
        )


@dataclass(frozen=True)
class Connector:
    """A kind of source: how its answers are parsed, and how to connect to one."""

    source_type: str
    routes: Sequence[Route]
    connect: Callable[[SourceSettings, Surroundings], Connection]

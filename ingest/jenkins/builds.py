"""Finding Jenkins' jobs and reading their builds, newest first, up to the ones already known.

Owns the listing of folders and the paging of builds. Refuses to know what a build holds.

Builds have numbers that only grow, and Jenkins counts pages from the newest. A build that starts meanwhile moves the
others down, so a page may repeat some; one that is deleted moves them up, so pages overlap by one build and a page
that does not reach back to it is read again from further up. The mark is the number below which all builds have ended:
a build that was running is read again until it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import orjson

from ingest.connector import Response
from ingest.http import Client
from ingest.http_errors import AGAIN
from ingest.items import Item, at, listed_at, text_at
from ingest.jenkins.parse import parse_builds
from ingest.pages import page
from ingest.source import Position
from ingest.store_records import Page
from models.errors import SourceError

PAGE_SIZE = 100
DEPTH = 12  # folders within folders; a loop of links must end
STEPS_BACK = 50

_ACTIONS = (
    "actions[_class,userId,parameters[name,value],causes[*,user[id,absoluteUrl]],"
    "lastBuiltRevision[SHA1,branch[name]],remoteUrls]"
)
_BUILD = f"number,url,timestamp,duration,building,result,fullDisplayName,{_ACTIONS}"
_CONTENT = "_class,fullName,jobs[name,_class,lastBuild[number]]"


@dataclass(frozen=True)
class Job:
    """A job that builds: its full name, and what its listing already told.

    Args:
        name: Full name.
        first: Its first page of builds.
        last: Number of its last build.
    """

    name: str
    first: Response | None = None
    last: int | None = None

    def is_known(self, mark: str | None) -> bool:
        """Return whether all its builds had ended when they were last read; costs no request."""
        return mark is not None and self.last is not None and int(mark) == self.last


def address(name: str) -> str:
    """Return the path of a job: ``folder/main`` → ``/job/folder/job/main``; empty for the top."""
    return "".join(f"/job/{quote(part, safe='')}" for part in name.split("/") if part)


def jobs_below(client: Client, name: str, depth: int = 0) -> Iterator[Job]:
    """Yield the job called ``name``, or all jobs in the folder or multibranch project of that name."""
    if depth > DEPTH:
        raise SourceError(
            f"Jenkins' folders are nested more than {DEPTH} deep.",
            where=name,
            next_step="name the folder or job that matters in the source's jobs",
        )
    tree = f"{_CONTENT},{_slice(0)}" if name else _CONTENT
    response = client.get(f"{address(name)}/api/json", {"tree": tree})
    if "jobs" not in response.body:
        yield Job(name, response)
        return
    for child in listed_at(response.body, "jobs"):
        full_name = f"{name}/{text_at(child, 'name')}".lstrip("/")
        if _holds_jobs(child):
            yield from jobs_below(client, full_name, depth + 1)
        else:
            last = at(child, "lastBuild", "number")
            yield Job(full_name, last=last if isinstance(last, int) else None)


def _holds_jobs(child: Item) -> bool:
    kind = str(child.get("_class", ""))
    return kind.endswith(("Folder", "MultiBranchProject", "OrganizationFolder"))


def _slice(start: int) -> str:
    return f"allBuilds[{_BUILD}]{{{start},{start + PAGE_SIZE}}}"


@dataclass
class _Place:
    """Where the reading of a job's builds stands: next index, last number read, newest number, oldest still running."""

    start: int = 0
    below: int | None = None
    top: int | None = None
    running: int | None = None

    def take(self, builds: list[Item]) -> None:
        """Move past a page of builds."""
        for build in builds:
            number = int(build["number"])
            self.top = max(self.top or 0, number)
            self.below = min(self.below or number, number)
            if build.get("building"):
                self.running = min(self.running or number, number)
        # The last build is asked for again, to see that nothing in between was deleted.
        self.start += len(builds) - 1

    def mark(self) -> str:
        """Return the number up to which every build has ended."""
        return str(self.running - 1 if self.running is not None else self.top)


def build_pages(client: Client, job: Job, position: Position) -> Iterator[Page]:
    """Yield a job's builds, newest first, down to those that had ended when they were last read."""
    known = -1 if position.since or not position.watermark else int(position.watermark)
    place = _Place(**orjson.loads(position.cursor)) if position.cursor and not position.since else _Place()
    first, steps = (job.first if place.start == 0 else None), 0
    while True:
        response = first or client.get(f"{address(job.name)}/api/json", {"tree": _slice(place.start)})
        first = None
        builds = [build for build in listed_at(response.body, "allBuilds") if isinstance(build.get("number"), int)]
        newest = max((build["number"] for build in builds), default=0)
        if place.start > 0 and place.below is not None and newest < place.below:
            place.start, steps = max(0, place.start - PAGE_SIZE), steps + 1
            if steps > STEPS_BACK:
                raise SourceError("Jenkins' list of builds keeps changing.", where=response.url, next_step=AGAIN)
            continue
        if place.top is None and newest < known:
            known = -1  # numbers began again: the job was made anew
        oldest = min((build["number"] for build in builds), default=0)
        is_end = len(builds) < PAGE_SIZE or oldest <= known or (place.below is not None and oldest >= place.below)
        place.take(builds)
        since = position.since
        if since and builds and all(build.get("timestamp", 0) < since.timestamp() * 1000 for build in builds):
            is_end = True
        yield page(
            client,
            response,
            parse_builds(response),
            job.name,
            watermark=place.mark() if is_end and place.top is not None else None,
            cursor=None if is_end else orjson.dumps(place).decode(),
            is_last=is_end,
        )
        if is_end:
            return

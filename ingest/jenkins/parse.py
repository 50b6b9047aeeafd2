"""Jenkins' answers as raw records: builds, their stages, and who let an input step go on.

Owns how an address names a job, the records' keys (``folder/job#12``), and which of a build's many actions say who
started it, from which revision, and who approved. Refuses to talk to Jenkins and to say what deploys.

A build's address decides which job it belongs to. Its answer lists actions in no fixed order and mostly empty, so what
matters of them is found by content and written beside the payload.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from urllib.parse import unquote, urlsplit

from ingest.connector import Parsed, Response, Route
from ingest.http_errors import AGAIN
from ingest.items import (
    Intake,
    Item,
    UnfitItemError,
    annotated,
    at,
    child,
    epoch_instant,
    joined,
    listed,
    listed_at,
    required,
    text_at,
)
from ingest.store_records import RawRecord
from models.errors import SourceError
from models.streams import stream

BUILDS = stream("jenkins.builds")
STAGES = stream("jenkins.stages")
INPUTS = stream("jenkins.inputs")

_REJECTION = "steps.input.Rejection"
_APPROVAL = "steps.input.ApproverAction"
_RUN_FACTS = ("revision", "environment")
_ENVIRONMENT_PARAMETERS = ("environment", "env", "target_environment", "target_env", "deploy_env", "deploy_environment")


def routes() -> tuple[Route, ...]:
    """Return what Jenkins can answer."""
    return (
        _route(r"/job/[^?#]+/wfapi/describe", parse_stages, "stages"),
        _route(r"/job/[^?#]+/api/json\?(?:[^#]*&)?tree=[^&#]*builds(?:\[|%5B)", parse_builds, "allBuilds"),
    )


def _route(pattern: str, parse: Callable[[Response], Parsed], name: str) -> Route:
    return Route(re.compile(pattern, re.IGNORECASE), parse, lambda items: {name: list(items)})


def parse_builds(response: Response) -> Parsed:
    """Read a job's list of builds."""
    intake = Intake()
    job, address, _ = job_of(response.url)
    intake.read(BUILDS, listed(response.body, "allBuilds", "builds"), partial(_build, intake, job, address))
    return Parsed(BUILDS, job, intake.records, intake.rejected)


def parse_stages(response: Response) -> Parsed:
    """Read the stages of one pipeline build."""
    intake = Intake()
    job, _, number = job_of(response.url)
    if number is None:
        raise SourceError("The address names no build.", where=response.url, next_step=AGAIN)
    run = {"key": f"{job}#{number}", "job": job, "number": number}
    intake.read(STAGES, listed(response.body, "stages"), partial(_stage, run))
    return Parsed(STAGES, job, intake.records, intake.rejected)


def job_of(url: str) -> tuple[str, str, int | None]:
    """Return a job's full name, its address and the build number, from an address below it.

    ``…/view/all/job/folder/job/main/2/wfapi/describe`` → (``folder/main``, ``…/job/folder/job/main``, 2). A name may
    itself be ``job`` or ``view``: the words count only where the address has room for them.
    """
    parts = urlsplit(url)
    steps = parts.path.split("/")
    names: list[str] = []
    place = 0
    end = 0
    while place < len(steps) - 1:
        if steps[place] == "job":
            names.append(unquote(steps[place + 1]))
            end = place = place + 2
        elif steps[place] == "view" or not names:
            place += 2 if steps[place] == "view" else 1
        else:
            break
    if not names:
        raise SourceError("The address names no job.", where=url, next_step=AGAIN)
    number = steps[end] if end < len(steps) else ""
    address = f"{parts.scheme}://{parts.netloc}" + "/".join(steps[:end])
    return "/".join(names), address, int(number) if number.isdigit() else None


def _build(intake: Intake, job: str, address: str, item: Item) -> Iterable[RawRecord]:
    number = required(item, "number")
    if not number.isdigit():
        raise UnfitItemError("has a 'number' that is none")
    if epoch_instant(item.get("timestamp")) is None:
        raise UnfitItemError("has no 'timestamp' in milliseconds")
    if not isinstance(item.get("duration") or 0, int):
        raise UnfitItemError("has a 'duration' that is no number of milliseconds")
    actions = [_without_secrets(action) for action in listed_at(item, "actions") if action]
    meaning = _meaning(actions)
    key = f"{job}#{number}"
    facts = {name: meaning[name] for name in _RUN_FACTS if meaning[name]}
    run = {"key": key, "job": job, "number": int(number), **facts}
    answers = [action for action in actions if _is(action, _APPROVAL)]
    answers += [cause for cause in _causes(actions) if _is(cause, _REJECTION)]
    # The position is the only identity an answer to an input step has.
    numbered = [{"position": position, **answer} for position, answer in enumerate(answers)]
    intake.read(INPUTS, numbered, partial(_input, run, len(answers)))
    kept = {**item, "actions": actions} if "actions" in item else item
    return [RawRecord(BUILDS, key, annotated(kept, job=job, address=f"{address}/{number}/", **meaning))]


def _without_secrets(action: Item) -> Item:
    """Leave out what people put tokens into: a remote's user and password, and parameters that name no environment."""
    kept = action
    remotes = action.get("remoteUrls")
    if isinstance(remotes, list):
        kept = {**kept, "remoteUrls": [re.sub(r"(?<=://)[^/@]+@", "", str(remote)) for remote in remotes]}
    parameters = action.get("parameters")
    if isinstance(parameters, list):
        kept = {**kept, "parameters": [_without_value(entry) for entry in parameters if isinstance(entry, dict)]}
    return kept


def _without_value(parameter: Item) -> Item:
    if str(parameter.get("name", "")).casefold() in _ENVIRONMENT_PARAMETERS:
        return parameter
    return {name: value for name, value in parameter.items() if name != "value"}


def _meaning(actions: list[Item]) -> dict[str, str | None]:
    """Return what a build's actions say, where they say it without contradiction."""
    started = _causes([action for action in actions if not _is(action, "InterruptedBuildAction")])
    checkouts = [action for action in actions if text_at(action, "lastBuiltRevision", "SHA1")]
    # A pipeline that loads a library checks out two repositories; which of them was built is not stated.
    remotes = {str(action.get("remoteUrls")) for action in checkouts}
    checkout = checkouts[0] if len(remotes) == 1 else {}
    branches = at(checkout, "lastBuiltRevision", "branch")
    remote = at(checkout, "remoteUrls")
    parameters = {
        str(entry.get("name", "")).casefold(): text_at(entry, "value")
        for action in actions
        for entry in listed_at(action, "parameters")
    }
    return {
        "cause": joined(text_at(cause, "_class") for cause in started),
        "cause_text": joined(text_at(cause, "shortDescription") for cause in started),
        "user": next((user for cause in started if (user := text_at(cause, "userId"))), None),
        "upstream": next((_upstream(cause) for cause in started if text_at(cause, "upstreamProject")), None),
        "revision": text_at(checkout, "lastBuiltRevision", "SHA1"),
        "branch": text_at(branches[0], "name") if isinstance(branches, list) and branches else None,
        "repository": remote[0] if isinstance(remote, list) and remote and isinstance(remote[0], str) else None,
        "environment": next((v for name in _ENVIRONMENT_PARAMETERS if (v := parameters.get(name))), None),
    }


def _causes(actions: list[Item]) -> list[Item]:
    return [cause for action in actions for cause in listed_at(action, "causes")]


def _is(item: Item, kind: str) -> bool:
    return str(item.get("_class", "")).endswith(kind)


def _upstream(cause: Item) -> str | None:
    project, number = text_at(cause, "upstreamProject"), text_at(cause, "upstreamBuild")
    return f"{project}#{number}" if project and number else None


def _input(run: Item, answers: int, item: Item) -> Iterable[RawRecord]:
    """One record per answer to an input step; an approval has no instant of its own, a rejection does."""
    is_rejection = _is(item, _REJECTION)
    payload = child(
        run,
        item,
        answers=answers,
        verdict="rejected" if is_rejection else "approved",
        user=_rejecting_user(item) if is_rejection else text_at(item, "userId"),
    )
    return [RawRecord(INPUTS, f"{run['key']}/{item['position']}", payload)]


def _rejecting_user(cause: Item) -> str | None:
    """Return the login of who rejected, which Jenkins gives as the user's page."""
    page = text_at(cause, "user", "absoluteUrl")
    return text_at(cause, "user", "id") or (unquote(page.rstrip("/").rpartition("/")[2]) if page else None)


def _stage(run: Item, item: Item) -> Iterable[RawRecord]:
    stage_id = required(item, "id")
    if item.get("startTimeMillis") is not None and epoch_instant(item["startTimeMillis"]) is None:
        raise UnfitItemError("has a 'startTimeMillis' that is no time")
    for name in ("durationMillis", "pauseDurationMillis"):
        if not isinstance(item.get(name) or 0, int):
            raise UnfitItemError(f"has a '{name}' that is no number of milliseconds")
    return [RawRecord(STAGES, f"{run['key']}/{stage_id}", child(run, item))]

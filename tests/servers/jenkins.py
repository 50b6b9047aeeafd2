"""An imitation of Jenkins: folders, builds in slices, stages, input steps, and builds that come and go."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote

from ingest.items import Item, Json
from tests.servers.base import Answer, Asked
from tests.servers.responding import Responding

FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
MULTIBRANCH = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
PIPELINE = "org.jenkinsci.plugins.workflow.job.WorkflowJob"
START = 1_780_000_000_000  # 28 May 2026, in milliseconds
_SLICE = re.compile(r"allBuilds\[.*\]\{(\d+),(\d+)\}")


@dataclass
class JenkinsImitation:
    """The state of one Jenkins: containers and jobs by full name. ``between`` runs after each list of builds."""

    folders: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, list[Item]] = field(default_factory=dict)
    stages: dict[str, list[Item]] = field(default_factory=dict)
    between: Callable[[JenkinsImitation, int], None] = lambda jenkins, lists: None
    _lists: int = 0

    def serve(self) -> Responding:
        """Return a server that answers from this state."""
        return Responding(self.respond)

    def build(self, job: str, number: int, *actions: Item, **fields: Json) -> Item:
        """Add a build, newest first as Jenkins lists them."""
        started: Item = {
            "_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun",
            "number": number,
            "timestamp": START + number * 60_000,
            "duration": 30_000,
            "building": False,
            "result": "SUCCESS",
            "fullDisplayName": f"{job} #{number}",
            "actions": [{}, cause("hudson.model.Cause$UserIdCause", userId="anna"), *actions, {}],
            **fields,
        }
        builds = self.jobs.setdefault(job, [])
        builds[:] = sorted([*(each for each in builds if each["number"] != number), started], key=_newest_first)
        return started

    def delete(self, job: str, *numbers: int) -> None:
        """Delete builds."""
        self.jobs[job] = [build for build in self.jobs[job] if build["number"] not in numbers]

    def respond(self, asked: Asked) -> Answer:
        """Answer one request."""
        if asked.path == "/whoAmI/api/json":
            return Answer({"name": "auditor", "authenticated": True})
        if found := re.fullmatch(r"((?:/job/[^/]+)+)/(\d+)/wfapi/describe", asked.path):
            key = f"{_name(found[1])}#{found[2]}"
            return Answer({"id": found[2], "stages": self.stages[key]}) if key in self.stages else _missing()
        if found := re.fullmatch(r"((?:/job/[^/]+)*)/api/json", asked.path):
            return self._listing(_name(found[1]), asked.query.get("tree", ""))
        return _missing()

    def _listing(self, name: str, tree: str) -> Answer:
        if name in self.jobs:
            return self._builds(name, tree)
        if name and name not in self.folders:
            return _missing()
        names = [each for each in {**self.folders, **self.jobs} if each.rpartition("/")[0] == name]
        return Answer(
            {"_class": self.folders.get(name, "hudson.model.Hudson"), "jobs": [self._child(n) for n in names]}
        )

    def _child(self, name: str) -> Item:
        builds = self.jobs.get(name)
        last = {"lastBuild": {"number": builds[0]["number"]} if builds else None} if builds is not None else {}
        return {"_class": self.folders.get(name, PIPELINE), "name": name.rpartition("/")[2], **last}

    def _builds(self, name: str, tree: str) -> Answer:
        found = _SLICE.search(tree)
        if not found:
            return Answer({"_class": PIPELINE})
        builds = self.jobs[name][int(found[1]) : int(found[2])]
        self._lists += 1
        answer = Answer({"_class": PIPELINE, "fullName": name, "allBuilds": builds})
        self.between(self, self._lists)
        return answer


def cause(kind: str, **fields: Json) -> Item:
    """Make the action that says why a build began."""
    return {"_class": "hudson.model.CauseAction", "causes": [{"_class": kind, "shortDescription": "…", **fields}]}


def approver(login: str) -> Item:
    """Make the action that an answered input step leaves."""
    return {"_class": "org.jenkinsci.plugins.workflow.support.steps.input.ApproverAction", "userId": login}


def rejection(login: str, at: int) -> Item:
    """Make the action that a refused input step leaves."""
    user = {"absoluteUrl": f"https://ci.example.com/user/{login}", "fullName": login.title()}
    refused = "org.jenkinsci.plugins.workflow.support.steps.input.Rejection"
    return {
        "_class": "jenkins.model.InterruptedBuildAction",
        "causes": [{"_class": refused, "shortDescription": f"Rejected by {login}", "timestamp": at, "user": user}],
    }


def checkout(revision: str, remote: str = "https://git.example.com/shop/web.git", branch: str = "main") -> Item:
    """Make the action that a checkout leaves."""
    return {
        "_class": "hudson.plugins.git.util.BuildData",
        "lastBuiltRevision": {"SHA1": revision, "branch": [{"name": f"refs/remotes/origin/{branch}"}]},
        "remoteUrls": [remote],
    }


def parameters(**values: str) -> Item:
    """Make the action that holds a build's parameters."""
    given = [{"_class": "hudson.model.StringParameterValue", "name": name, "value": values[name]} for name in values]
    return {"_class": "hudson.model.ParametersAction", "parameters": given}


def stage(number: int, name: str, *, start: int, duration: int = 1000, pause: int = 0, status: str = "SUCCESS") -> Item:
    """Make a stage as ``wfapi/describe`` lists it."""
    times = {"startTimeMillis": start, "durationMillis": duration, "pauseDurationMillis": pause}
    return {"id": str(number), "name": name, "status": status, **times}


def _name(path: str) -> str:
    return "/".join(unquote(part) for place, part in enumerate(path.split("/")) if part and place % 2 == 0)


def _newest_first(build: Item) -> int:
    return -int(build["number"])


def _missing() -> Answer:
    return Answer(b"<html>Not found</html>", 404)

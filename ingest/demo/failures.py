"""What goes wrong in the demo's production: incidents, rollbacks, reverts, hotfixes, planned reversals, outside causes.

Owns incident tickets and the recovery that follows. An incident may name its deployment, its version, only the
service, or nothing that leads to a deployment.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from ingest.demo.calendar import DAY, HOUR, MINUTE, instant
from ingest.demo.chance import Chance
from ingest.demo.deployments import Line, again
from ingest.demo.model import Deployment, PullRequest, Story, Ticket
from ingest.demo.organisation import Person, Service, Team
from ingest.demo.pull_requests import new
from ingest.demo.reviews import Deciding, Habit, in_an_emergency
from ingest.demo.tickets import backed_out

PROJECT = "OPS"
_RECOVERIES = (("rollback", 0.42), ("revert", 0.24), ("hotfix", 0.22), ("wait", 0.12))
_SEVERITIES = (("SEV1", 0.06), ("SEV2", 0.24), ("SEV3", 0.5), ("SEV4", 0.2))
_NAMING = (("deployment", 0.5), ("version", 0.18), ("service", 0.32))


def went_wrong(line: Line, deployment: Deployment) -> None:
    """Open an incident (mostly) and recover."""
    chance = line.chance
    noticed = deployment.finished_at + min(20 * HOUR, chance.around(35 * MINUTE, 1.1))
    recovery = chance.among(_RECOVERIES)
    if recovery == "rollback" and len(line.good) < 2:
        recovery = "hotfix"
    line.story.failures.append((deployment, recovery))
    ticket = None
    if recovery != "rollback" or chance.happens(0.7):
        ticket = incident(line.story, line.team, line.service, noticed, chance)
        ticket.cause, ticket.naming = deployment, chance.among(_NAMING)
        if ticket.naming == "deployment" and deployment.tickets:
            ticket.links.append(deployment.tickets[0])
    if recovery in {"rollback", "revert"}:
        backed_out(deployment)
    recovered = _recover(line, deployment, noticed, recovery)
    if ticket:
        resolve(ticket, recovered + chance.randrange(5 * MINUTE, HOUR), chance)
        ticket.comments.append((recovered, ticket.assignee, _recovery_words(recovery, deployment)))


def _recover(line: Line, deployment: Deployment, noticed: int, recovery: str) -> int:
    chance = line.chance
    engineers = line.team.having("engineer", "captain", "lead") or list(line.team.people)
    if recovery == "rollback":
        before = next((d for d in reversed(line.good[:-1]) if d.sha != deployment.sha), line.good[0])
        operators = line.team.having("operator", "captain", "release manager") or engineers
        by = chance.pick(operators).login
        return again(line, before, noticed + chance.around(12 * MINUTE, 0.6), is_rollback=True, by=by).finished_at
    if recovery == "wait":
        return noticed + chance.around(3 * HOUR)
    pull = _repair(line, deployment, noticed, engineers, is_revert=recovery == "revert")
    line.add(pull)
    line.slot(pull.merged_at + 90, kind="hotfix")
    return pull.merged_at + 15 * MINUTE


def _repair(
    line: Line, deployment: Deployment, noticed: int, engineers: list[Person], *, is_revert: bool
) -> PullRequest:
    """Return a merged revert or hotfix."""
    pull = urgent(line, noticed + line.chance.around(18 * MINUTE, 0.6), engineers)
    if is_revert:
        pull.reverts = deployment.carries[-1]
        pull.title, pull.branch = f'Revert "{pull.reverts.title}"', f"revert-{line.chance.sha()[:6]}"
    else:
        pull.title = f"Hotfix: {line.chance.pick(line.service.things)} after {deployment.version}"
    pull.commits[0].message = pull.title
    return pull


def urgent(line: Line, at: int, engineers: list[Person]) -> PullRequest:
    """Return an emergency change, decided within minutes or only afterwards, and merged."""
    chance = line.chance
    pull = new(line.story, line.service, at, engineers, chance)
    pull.author = chance.pick(engineers).login
    pull.is_draft_first, pull.ready_at, pull.closes_issue = False, pull.created_at, False
    pull.commits = pull.commits[:1]
    pull.commits[0].author, pull.commits[0].at = pull.author, pull.created_at - 4 * MINUTE
    pull.change_type, pull.risk, pull.branch = "emergency", "medium", "hotfix/now"
    pull.title = f"Hotfix: {chance.pick(line.service.things)}"
    pull.commits[0].message = pull.title
    reviewer = chance.pick([person for person in engineers if person.login != pull.author])
    is_late = chance.happens(float(line.story.organisation.stories["everywhere"]["retroactive_hotfix"]))
    in_an_emergency(Deciding(line.story, line.team, chance, Habit()), pull, reviewer, is_retroactive=is_late)
    line.story.pull_requests[line.service.name].append(pull)
    return pull


def emergencies_in_freezes(line: Line) -> None:
    """Let something break in a freeze that stops other work: an emergency all the same."""
    engineers = line.team.having("engineer", "captain", "lead") or list(line.team.people)
    for freeze in line.story.organisation.freezes:
        if freeze.work > 0.5 or not line.chance.happens(0.6):
            continue
        day = freeze.first + timedelta(days=line.chance.randrange(2, (freeze.last - freeze.first).days - 1))
        pull = urgent(line, line.team.calendar.local(day, line.chance.randrange(7, 21)), engineers)
        line.add(pull)
        line.slot(pull.merged_at + 120, kind="hotfix")


def incident(story: Story, team: Team, service: Service, noticed: int, chance: Chance) -> Ticket:
    """Return an incident of a service that has been opened and is being worked on."""
    wording = story.organisation.wording["incidents"]["titles"]
    title = str(chance.pick(wording)).replace("{service}", service.name).replace("{thing}", chance.pick(service.things))
    ticket = Ticket(
        PROJECT, "Incident", title, "", noticed + chance.randrange(MINUTE, 15 * MINUTE), service.name, team.name
    )
    people = [person.login for person in team.people if person.role not in {"chair", "board"}]
    ticket.assignee = chance.pick(people)
    desk = story.organisation.teams["operations"].having("service desk")[0].login
    ticket.reporter = desk if chance.happens(0.4) else ticket.assignee
    ticket.fields = {"severity": chance.among(_SEVERITIES), "service": service.name, "started": noticed}
    ticket.move(ticket.created_at + chance.randrange(MINUTE, 20 * MINUTE), ticket.assignee, "In progress")
    story.tickets.append(ticket)
    return ticket


def resolve(ticket: Ticket, at: int, chance: Chance) -> None:
    """Resolve an incident, and write the review a few days later for the serious ones."""
    at = max(at, ticket.moves[-1][0] + 60)
    ticket.fields["ended"] = at
    ticket.move(at, ticket.assignee, "Resolved")
    ticket.resolved_at, ticket.resolution = at, "Done"
    if ticket.fields["severity"] in {"SEV1", "SEV2"}:
        words = "Post-incident review held, two actions agreed."
        ticket.comments.append((at + chance.randrange(2 * DAY, 6 * DAY), ticket.assignee, words))


def outside_causes(story: Story, chance: Chance) -> None:
    """Add incidents that no deployment caused and planned reversals that are no failure."""
    share = float(story.organisation.stories["everywhere"]["unlinked_incident"])
    caused = sum(1 for ticket in story.tickets if ticket.kind == "Incident")
    services = list(story.organisation.services.values())
    for _ in range(int(caused * share / (1 - share))):
        at = chance.randrange(story.organisation.start + DAY, story.organisation.end - DAY)
        service = chance.pick(services)
        ticket = incident(story, story.organisation.teams[service.team], service, at, chance)
        ticket.title = str(chance.pick(story.organisation.wording["incidents"]["external"]))
        ticket.fields["service"] = ""
        ticket.naming = "nothing"
        resolve(ticket, at + chance.around(2 * HOUR), chance)
    for service in services[::4]:
        _planned_reversal(story, service, partial(chance.randrange, story.organisation.start + 30 * DAY), chance)


def _planned_reversal(story: Story, service: Service, moment: partial[int], chance: Chance) -> None:
    """Drain for maintenance and turn back as planned: recorded as an incident, but no failure."""
    at = moment(story.organisation.end - 10 * DAY)
    ticket = incident(story, story.organisation.teams[service.team], service, at, chance)
    ticket.title = f"Planned maintenance drain of {service.name}, turned back as planned"
    ticket.labels = ["planned-maintenance"]
    ticket.fields["severity"], ticket.naming = "SEV4", "service"
    ticket.description = f"Planned for {instant(at):%d %B}: traffic is drained and returned. No failure."
    resolve(ticket, at + 2 * HOUR, chance)


def _recovery_words(recovery: str, deployment: Deployment) -> str:
    return {
        "rollback": f"Rolled back from {deployment.version}, errors are back to normal.",
        "revert": "Reverted the change and deployed.",
        "hotfix": "Hotfix is live.",
        "wait": "Recovered by itself after the queue had drained.",
    }[recovery]

"""How exports of change, incident, deployment and calendar tools usually call their columns.

Owns the words by which a column is recognised. Refuses to look at values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ingest.files.translated import TRANSLATED, written_out

# Words are compared in one form: lower case, words joined by "_", remarks in brackets dropped.
LEXICON: Mapping[str, Mapping[str, Sequence[str]]] = {
    "change": {
        "key": ("number", "change_id", "change_number", "change", "change_request", "change_key", "rfc", "rfc_number",
                "infrastructure_change_id", "change_request_id", "change_ref", "change_no", "chg_number", "pr_number",
                "pull_request", "pull_request_id", "issue_key", "ticket", "ticket_id", "key", "id", "sys_id"),
        "title": ("short_description", "title", "summary", "subject", "change_title", "name"),
        "description": ("description", "body", "details", "justification"),
        "change_type": ("type", "change_type", "chg_type", "category_of_change", "change_category",
                        "change_timing", "change_class"),
        "risk": ("risk", "risk_level", "risk_assessment", "risk_value"),
        "impact": ("impact", "business_impact"),
        "rollback_plan": ("backout_plan", "back_out_plan", "rollback_plan", "fallback_plan"),
        "test_plan": ("test_plan", "testing_plan"),
        "conditions": ("conditions", "approval_conditions"),
        "state": ("state", "status", "phase", "change_status", "current_status", "change_request_status", "stage"),
        "outcome": ("close_code", "closure_code", "outcome", "result", "implementation_result", "closed_code",
                    "completion_code", "closure_status", "status_reason", "substate", "resolution"),
        "service": ("business_service", "service", "service_offering", "application", "app", "product", "service_name",
                    "application_name", "affected_service", "affected_services", "impacted_service", "system",
                    "system_name", "system_id", "service_ci", "serviceci", "product_name"),
        "component": ("cmdb_ci", "configuration_item", "ci", "ci_name", "component", "components", "component_s",
                      "affected_ci", "primary_ci"),
        "team": ("assignment_group", "team", "owner_group", "implementation_group", "assigned_team", "group",
                 "coordinator_group"),
        "environment": ("environment", "env", "u_environment"),
        "repository": ("repository", "repo", "destination_repository", "base_repository", "base_repo", "project"),
        "base_branch": ("base_branch", "target_branch", "target_ref_name", "base_ref_name", "base_ref",
                        "destination_branch"),
        "head_branch": ("head_branch", "source_branch", "source_ref_name", "head_ref_name", "head_ref"),
        "head_revision": ("head_revision", "head_sha", "head_ref_oid", "sha", "source_commit_hash",
                          "last_merge_source_commit_commit_id"),
        "merge_revision": ("merge_revision", "merge_commit_sha", "merge_commit_oid", "merge_commit_hash",
                           "merge_commit_id", "merge_commit", "last_merge_commit_commit_id"),
        "labels": ("labels", "tags"),
        "requested_by": ("requested_by", "opened_by", "requester", "change_requester", "author", "created_by",
                         "sys_created_by", "owner", "submitter", "reporter", "change_owner", "requestor", "raised_by",
                         "submitted_by", "initiator", "requester_name", "requested_by_name", "requester_id",
                         "requestor_id"),
        "created_at": ("sys_created_on", "opened_at", "created_at", "created_on", "created", "open_time", "opened",
                       "change_record_open_time", "submit_date", "date_created", "creation_date", "sys_created_at",
                       "created_date", "date_opened", "date_raised", "raised_on", "raised_date"),
        "requested_at": ("requested_at", "approval_requested_at", "submitted_at"),
        "approved_at": ("approved_at", "approval_set", "approval_date", "approved_on", "approval_time",
                        "date_approved", "authorised_at", "authorized_at"),
        "approved_by": ("approved_by", "approver", "approver_name", "approved_by_name", "authorised_by",
                        "authorized_by", "approver_id", "approved_by_id"),
        "planned_start_at": ("start_date", "planned_start", "planned_start_date", "scheduled_start", "start_time",
                             "scheduled_start_date", "planned_start_at", "implementation_start", "planned_date",
                             "scheduled_date", "scheduled_for", "proposed_start", "proposed_start_date"),
        "planned_end_at": ("end_date", "planned_end", "planned_end_date", "scheduled_end", "end_time",
                           "scheduled_end_date", "planned_end_at", "implementation_end", "completion_date",
                           "proposed_end", "proposed_end_date"),
        "actual_start_at": ("work_start", "actual_start", "actual_start_date", "actual_start_at"),
        "actual_end_at": ("work_end", "actual_end", "actual_end_date", "actual_end_at", "implemented_at",
                          "implemented_on",
                          "completed_date", "completed_at", "completed_on", "date_completed"),
        "merged_at": ("merged_at",),
        "merged_by": ("merged_by", "merge_user"),
        "closed_at": ("closed_at", "close_time", "closed", "closed_on", "change_record_close_time", "close_date",
                      "resolved", "resolution_date"),
        "updated_at": ("sys_updated_on", "updated_at", "updated_on", "updated", "last_modified", "last_updated",
                       "sys_updated_at", "last_modified_date"),
        "url": ("url", "link", "html_url"),
    },
    "incident": {
        "key": ("number", "incident_id", "incident_number", "alert_id", "incident", "issue_key", "ticket", "ticket_id",
                "key", "id", "sys_id", "tiny_id"),
        "title": ("short_description", "title", "summary", "subject", "message", "name"),
        "description": ("description", "details", "body"),
        "severity": ("severity", "priority", "urgency"),
        "status": ("state", "status", "incident_state"),
        "service": ("business_service", "service", "application", "app", "service_name"),
        "component": ("cmdb_ci", "configuration_item", "ci", "ci_name", "component"),
        "team": ("assignment_group", "team", "group", "escalation_policy"),
        "environment": ("environment", "env"),
        # Only what is said to be the cause: a related change is often the one that repaired it.
        "change_key": ("caused_by", "caused_by_change", "causing_change", "root_cause_change"),
        "deployment_key": ("deployment", "deployment_id"),
        "revision": ("commit", "commit_sha", "revision"),
        "version": ("version", "release"),
        "opened_by": ("opened_by", "caller_id", "reported_by", "created_by", "sys_created_by", "reporter"),
        "created_at": ("sys_created_on", "opened_at", "created_at", "created_on", "created", "open_time", "opened"),
        "started_at": ("started_at", "start_time", "started", "outage_start", "impact_start", "begin",
                       "business_impact_start"),
        "detected_at": ("detected_at", "acknowledged_at", "alert_time"),
        "resolved_at": ("resolved_at", "resolved_time", "resolved", "resolution_time", "outage_end", "closed_at",
                        "close_time", "end_time"),
        "updated_at": ("sys_updated_on", "updated_at", "updated_on", "updated"),
        "url": ("url", "link", "html_url"),
    },
    "deployment": {
        "key": ("deployment_id", "deploy_id", "deployment", "id", "uuid", "key", "commit_sha", "build_id", "run_id"),
        "service": ("service", "app", "application", "project", "service_name", "application_name", "component",
                    "system", "system_name", "project_name", "release_definition"),
        "team": ("team", "squad", "group"),
        "repository": ("repository", "repo", "repository_name", "project_path"),
        "environment": ("environment", "env", "environment_name", "stage", "target", "target_environment",
                        "deploy_environment", "release_environment"),
        "version": ("version", "image_tag", "tag", "release", "release_version", "app_version", "package_version",
                    "release_name", "release_number", "build", "build_number", "build_version", "artifact_version"),
        "artifact_digest": ("digest", "image_digest", "artifact_digest", "sha256"),
        "revision": ("commit", "revision", "sha", "git_sha", "git_commit", "commit_id", "commit_sha"),
        # What came of it goes before where it stands: a run that failed is "completed" too.
        "status": ("result", "conclusion", "outcome", "build_result", "status", "state", "task_state", "task_status",
                   "build_status", "pipeline_status", "job_status"),
        "change_key": ("change", "change_id", "change_number", "change_request", "ticket", "ticket_id", "ticket_number",
                       "change_ref", "chg", "chg_number", "rfc"),
        "created_at": ("created_at", "created", "queued_at", "queue_time", "committed_at"),
        # Where the start has a column of its own, "deployed at" is the end.
        "started_at": ("deploy_started_at", "started_at", "start_time", "start", "started", "deploy_start",
                       "deployment_started_at", "deployed_at", "timestamp",
                       "time", "date", "merged_at", "datetime"),
        "finished_at": ("finished_at", "end_time", "end", "finished", "ended", "completed", "deploy_end",
                        "completed_at", "finish_time", "deployed_at"),
        "deployed_by": ("deployed_by", "requested_for", "trigger_user", "user", "actor", "deployer", "author",
                        "triggered_by", "who", "initiated_by", "started_by", "released_by", "username", "user_name",
                        "requested_by", "created_by", "deployer_name", "executed_by", "implemented_by", "deployer_id"),
        "updated_at": ("updated_at", "last_updated"),
        "url": ("url", "link"),
    },
    "window": {
        "key": ("id", "uid", "window_id", "event_id", "number", "key"),
        "title": ("title", "summary", "subject", "name", "short_description", "event"),
        "description": ("description", "notes", "comment"),
        "change_key": ("change", "change_id", "change_number", "change_request", "ticket"),
        "service": ("service", "services", "business_service", "application"),
        "component": ("component", "resource", "resource_name", "cmdb_ci", "host", "ci_name"),
        "team": ("team", "group", "assignment_group"),
        "environment": ("environment", "env", "site"),
        "implementer": ("implementer", "assigned_to", "owner"),
        "change_type": ("type", "class", "change_type"),
        "severity": ("severity",),
        "state": ("state", "status"),
        "created_at": ("created_at", "created", "created_time", "sys_created_on"),
        "planned_start_at": ("start", "start_date", "start_time", "dtstart", "planned_start", "begin", "from",
                             "freeze_start", "scheduled_start", "starts_at"),
        "planned_end_at": ("end", "end_date", "end_time", "dtend", "planned_end", "until", "to", "freeze_end",
                           "scheduled_end", "ends_at"),
        "actual_start_at": ("actual_start", "work_start"),
        "actual_end_at": ("actual_end", "work_end"),
        "updated_at": ("updated_at", "last_modified", "sys_updated_on"),
    },
    "release": {
        "key": ("release_id", "id", "tag", "version", "key", "number"),
        "service": ("service", "app", "application", "project", "product"),
        "repository": ("repository", "repo"),
        "version": ("version", "tag", "tag_name", "release"),
        "title": ("title", "name", "release_name"),
        "notes": ("notes", "release_notes", "body", "changelog"),
        "revision": ("commit", "commit_sha", "revision", "sha"),
        "status": ("status", "state"),
        "created_by": ("created_by", "author", "release_manager"),
        "cut_at": ("cut_at", "tagged_at", "branch_cut"),
        "planned_at": ("planned_at", "planned_date", "planned_release_date", "release_date"),
        "released_at": ("released_at", "published_at", "released_on", "go_live"),
        "updated_at": ("updated_at",),
        "url": ("url", "html_url"),
    },
    "decision": {
        "key": ("approval_id", "review_id", "decision_id", "id", "sys_id", "number"),
        "change_key": ("change", "change_id", "change_number", "change_request", "sysapproval", "document_id", "ticket",
                       "pr_number", "approval_for"),
        "deployment_key": ("deployment_id", "deployment"),
        "run_key": ("run_id", "pipeline_run_id", "pipeline_id", "build_id"),
        # Who was asked is not who decided, where a file tells them apart.
        "decided_by": ("approved_by", "decided_by", "approver", "reviewer"),
        # A row that is only updated by deciding says so by its last update, for want of an instant of its own.
        "decided_at": ("approved_at", "reviewed_at", "decided_at", "approval_date", "submitted_at", "participated_on",
                       "sys_updated_on", "updated", "updated_on", "modified_on"),
        "verdict": ("decision", "verdict", "approval", "state", "review_state", "status", "vote", "approved"),
        "comment": ("comments", "comment", "reason", "body"),
        "authority": ("assignment_group", "group", "approval_group", "board"),
        "revision": ("commit", "revision"),
        "updated_at": ("updated_at",),
    },
    "vote": {
        "key": ("vote_id",),
        "change_key": ("change_number", "change", "change_id"),
        "voted_at": ("voted_at", "at_utc", "date", "time", "timestamp", "granted_on"),
        "voter": ("voter", "reviewer", "user", "actor"),
        "label": ("label",),
        "value": ("value", "vote", "score"),
        "revision": ("patch_set", "patchset", "revision"),
    },
    "event": {
        "key": ("event_id", "id", "uuid", "sys_id"),
        "subject_key": ("documentkey", "record", "record_id", "object", "issue_key", "change_number", "change_id",
                        "number", "ticket"),
        "occurred_at": ("occurred_at", "timestamp", "time", "at", "at_utc", "date", "sys_created_on", "datetime",
                        "datestamp"),
        "actor": ("actor", "user", "who", "changed_by", "sys_created_by", "author"),
        "verb": ("verb", "action", "event_type", "activity", "incidentactivity_type", "event", "operation"),
        "field": ("fieldname", "field", "field_name"),
        "old_value": ("oldvalue", "old_value", "from"),
        "new_value": ("newvalue", "new_value", "to"),
        "text": ("text", "message", "comment", "body"),
    },
}  # fmt: skip

_ISSUE_TYPE = ("issue_type", "issuetype", "issue_type_name", "issuetype_name")
LEXICON = {**LEXICON, "issue": {**LEXICON["change"], "record_type": _ISSUE_TYPE,
                                "severity": ("severity", "priority")}}  # fmt: skip

# How an object names somebody, the most certain first, and how it names a thing.
_PERSON = ("username", "user_name", "login", "unique_name", "email", "email_address", "mail", "account_id", "nickname",
           "display_name", "name")  # fmt: skip
_THING = ("full_name", "path_with_namespace", "name", "slug")
_PEOPLE = frozenset(
    ("requested_by", "merged_by", "approved_by", "decided_by", "deployed_by", "opened_by", "actor", "voter")
)
_THINGS = frozenset(("service", "repository", "environment", "team", "version", "base_branch", "head_branch"))

# How a column says again which kind of record it is of: ``deployment_status``, ``incident_state``.
_OWN_WORDS: Mapping[str, Sequence[str]] = {
    "change": ("change", "chg", "cr"),
    "issue": ("change", "chg", "cr"),
    "incident": ("incident", "inc"),
    "deployment": ("deployment", "deploy"),
    "window": ("window", "maintenance", "freeze"),
    "release": ("release",),
    "decision": ("approval", "review", "decision"),
    "vote": ("vote",),
    "event": ("event",),
}
_INSTANT_ENDINGS = re.compile(r"(?:_(?:at|on|time|date|datetime|timestamp|utc|gmt))+$|^(?:date|time)_")

# What only one kind of export has, and words in the file's name; both weigh more than a common column.
TELLING: Mapping[str, Sequence[str]] = {
    "change": ("change_type", "backout_plan", "close_code", "change_id", "cab_required", "pr_number", "risk_assessment",
               "work_start", "merged_at", "cab_approval_needed", "change_record_open_time"),
    "incident": ("severity", "resolved_at", "incident_id", "incident_state", "caused_by", "outage_start", "urgency",
                 "resolved_time", "alert_id", "tiny_id", "incident_number", "acknowledged_at"),
    "deployment": ("environment", "env", "image_tag", "deployed_at", "deployed_by", "deployment_id", "target",
                   "trigger_user", "trigger_type", "build_time", "release_environment_name"),
    "window": ("dtstart", "dtend", "freeze_start", "freeze_end", "class", "start", "end", "starts_at", "ends_at",
               "all_day_event", "all_day"),
    "release": ("tag", "tag_name", "release_notes", "released_at", "released_on"),
    "decision": ("approver", "reviewer", "decision", "verdict", "sysapproval", "review_state", "approval_type",
                 "approved_by_unique_name", "approver_unique_name"),
    "vote": ("voter", "patch_set", "label", "vote"),
    "event": ("oldvalue", "newvalue", "fieldname", "old_value", "new_value", "action", "event_type", "activity"),
}  # fmt: skip
FILE_WORDS: Mapping[str, Sequence[str]] = {
    "change": (
        "change",
        "chg",
        "pull_request",
        "pull-request",
        "pullrequest",
        "merge_request",
        "merge-request",
        "aenderung",
        "änderung",
        "wijziging",
    ),
    "incident": ("incident", "outage_report", "problem", "alert", "stoerung", "störung", "storing"),
    "deployment": ("deploy", "rollout", "pipeline_execution", "spinnaker", "argocd", "argo_", "octopus"),
    "window": ("window", "calendar", "freeze", "downtime", "maintenance", "schedule"),
    "release": ("release", "tags"),
    "decision": ("approval", "review", "decision"),
    "vote": ("vote",),
    "event": ("event", "audit", "history", "activit"),
}


def plain_name(column: str) -> str:
    """Return a column's name in the form the lexicon is written in: ``ResourceName`` → ``resource_name``."""
    # Jira writes an organisation's own fields like this; other remarks in brackets are units and the like.
    text = re.sub(r"(?i)^custom field \((.*)\)$", r"\1", column)
    # ServiceNow's API gives a value and what its page shows, as two members of one field.
    text = re.sub(r"\.(display_)?value$", "", text)
    text = re.sub(r"\([^)]*\)", " ", text)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    name = re.sub(r"[^a-z0-9]+", "_", written_out(text.lower())).strip("_")
    return TRANSLATED.get(name, name)


def match_columns(kind: str, columns: Sequence[str]) -> dict[str, str]:
    """Return field → column for every field of a kind that a column's name speaks for; each column is used once.

    The key comes first: without one nothing else can be told apart. A name that is in the lexicon as written goes
    before one that is so only without its prefix or, for an instant, its ending.
    """
    plain = {column: plain_name(column) for column in columns}
    found: dict[str, str] = {}
    for loosen in (_as_written, _without_own_word, _without_ending, _of_a_part, _of_an_object):
        for name, words in LEXICON[kind].items():
            if name in found:
                continue
            known = [word if loosen is _of_an_object else loosen(word, kind, name) for word in words]
            free = [column for column in plain if column not in found.values()]
            # What a page shows of an instant is in the zone of who exported it; its value is in UTC.
            last = ".display_value" if name.endswith("_at") else ".value"
            free.sort(key=lambda one: (one.endswith(last), _certainty(one)))
            said = {c: loosen(plain[c] if "." in c or loosen is not _of_an_object else "", kind, name) for c in free}
            candidates = [column for word in known if word for column in said if said[column] == word]
            if candidates:
                found[name] = _surest(candidates[0], columns) if name in _PEOPLE else candidates[0]
    return {name: found[name] for name in LEXICON[kind] if name in found}


def _as_written(text: str, kind: str, field: str) -> str:
    return text


def _without_own_word(text: str, kind: str, field: str) -> str:
    """Drop what says again of which kind the record is, and the mark of a column that an organisation added."""
    text = text.removeprefix("u_")
    own = next((word for word in _OWN_WORDS[kind] if text.startswith(f"{word}_")), "")
    return text.removeprefix(f"{own}_") if own else text


def _without_ending(text: str, kind: str, field: str) -> str:
    """Of an instant's name, leave what happened: ``completed_time`` and ``completed_at`` are the same."""
    return _INSTANT_ENDINGS.sub("", _without_own_word(text, kind, field)) if field.endswith("_at") else ""


def _of_a_part(text: str, kind: str, field: str) -> str:
    """Of an instant of a nested object, leave its own name: ``deployable.finished_at``."""
    ending = re.search(r"_((?:started|finished|completed)_at)$", text)
    return ending[1] if ending and field.endswith("_at") else text if field.endswith("_at") else ""


def _of_an_object(text: str, kind: str, field: str) -> str:
    """Of a nested object that is a person or a thing with a name, leave what it is: ``author.login`` → ``author``."""
    endings = _PERSON if field in _PEOPLE else _THING if field in _THINGS else ()
    return next((text.removesuffix(f"_{ending}") for ending in endings if text.endswith(f"_{ending}")), "")


def _certainty(column: str) -> int:
    """Return the place of what names somebody in an object; columns that are no object's come first."""
    ending = plain_name(column.rpartition(".")[2])
    return _PERSON.index(ending) if "." in column and ending in _PERSON else -1


def _surest(column: str, columns: Sequence[str]) -> str:
    """Return what names the same object's person with most certainty: a login goes before a name."""
    whole = column.rpartition(".")[0]
    same = [one for one in columns if "." in one and one.rpartition(".")[0] == whole and _certainty(one) >= 0]
    return min(same, key=_certainty) if whole and same else column


def speaks_for(kind: str, columns: Sequence[str], file_name: str) -> bool:
    """Whether anything says that rows are of a kind: a column that only it has, a key, or the file's name."""
    plain = {plain_name(column) for column in columns}
    if kind == "issue":
        return True
    found = match_columns(kind, columns)
    if kind == "event" and not {"subject_key", "verb"} & set(found):
        # That something happened, to nothing and of no kind, is no event.
        return False
    is_told = "key" in found and any(name.endswith("_at") or name in _PEOPLE for name in found)
    is_named = any(word in file_name.lower() for word in FILE_WORDS[kind])
    return is_told or is_named or bool(plain & set(TELLING[kind]))


def is_review(columns: Sequence[str], file_name: str) -> bool:
    """Whether changes are pull requests, by what only those have."""
    plain = {plain_name(column) for column in columns}
    of_branches = {"source_ref_name", "source_branch", "head_ref_name", "source_branch_name", "merge_commit_sha",
                   "merge_commit_oid", "merged_at", "pull_request_id", "pr_number", "merge_commit_hash"}  # fmt: skip
    return (
        bool(plain & of_branches)
        or {"submitted", "submitter"} <= plain
        or bool(re.search(r"pull.?request|merge.?request", file_name.lower()))
    )


def likely_kind(columns: Sequence[str], file_name: str) -> str:
    """Return the kind of record the columns and the file's name speak for most."""
    plain = {plain_name(column) for column in columns}
    if plain & set(_ISSUE_TYPE):
        # A tracker's export holds bugs and stories too; which of them are changes is told by their type.
        return "issue"
    scores = {
        kind: len(match_columns(kind, columns))
        + 2 * len(plain & set(TELLING[kind]))
        + 4 * any(word in file_name.lower() for word in FILE_WORDS[kind])
        for kind in TELLING
    }
    return max(scores, key=lambda kind: scores[kind])

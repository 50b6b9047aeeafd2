"""The GraphQL queries we send to GitHub.

Owns their text, checked against GitHub's published schema. Refuses to ask them. Every query asks for its own cost, so
that an answer states what is left of the budget (``rateLimit`` is null on Enterprise servers without limits).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_ACTOR = "{__typename login}"
_COMMIT = """oid url message authoredDate committedDate
  author{name email user{login}} committer{name email user{login}}"""
_PAGE = "pageInfo{hasNextPage endCursor}"

# The lists nested in a pull request: GraphQL field → (arguments, node). A further page asks the same node.
LISTS: Mapping[str, tuple[str, str]] = {
    "reviews": (
        "",
        f"id fullDatabaseId state submittedAt updatedAt url body authorAssociation author{_ACTOR} commit{{oid}}"
        " comments{totalCount}",
    ),
    "commits": ("", f"id url commit{{{_COMMIT}}}"),
    "timelineItems": (
        "itemTypes:[READY_FOR_REVIEW_EVENT,CONVERT_TO_DRAFT_EVENT,REVIEW_REQUESTED_EVENT,REVIEW_REQUEST_REMOVED_EVENT,"
        "REVIEW_DISMISSED_EVENT,MERGED_EVENT,CLOSED_EVENT,REOPENED_EVENT,HEAD_REF_FORCE_PUSHED_EVENT,"
        "BASE_REF_CHANGED_EVENT,ADDED_TO_MERGE_QUEUE_EVENT,REMOVED_FROM_MERGE_QUEUE_EVENT,AUTO_MERGE_ENABLED_EVENT,"
        "LABELED_EVENT,UNLABELED_EVENT,RENAMED_TITLE_EVENT],",
        f"""__typename ...on Node{{id}}
        ...on ReadyForReviewEvent{{createdAt actor{_ACTOR}}}
        ...on ConvertToDraftEvent{{createdAt actor{_ACTOR}}}
        ...on ReviewRequestedEvent{{createdAt actor{_ACTOR}
          requestedReviewer{{__typename ...on User{{login}} ...on Team{{slug}} ...on Bot{{login}}}}}}
        ...on ReviewRequestRemovedEvent{{createdAt actor{_ACTOR}
          requestedReviewer{{__typename ...on User{{login}} ...on Team{{slug}} ...on Bot{{login}}}}}}
        ...on ReviewDismissedEvent{{createdAt actor{_ACTOR} dismissalMessage previousReviewState url
          pullRequestCommit{{commit{{oid}}}}
          review{{fullDatabaseId submittedAt url body authorAssociation author{_ACTOR} commit{{oid}}}}}}
        ...on MergedEvent{{createdAt actor{_ACTOR} url commit{{oid}} mergeRefName}}
        ...on ClosedEvent{{createdAt actor{_ACTOR} url stateReason}}
        ...on ReopenedEvent{{createdAt actor{_ACTOR}}}
        ...on HeadRefForcePushedEvent{{createdAt actor{_ACTOR} beforeCommit{{oid}} afterCommit{{oid}}}}
        ...on BaseRefChangedEvent{{createdAt actor{_ACTOR} previousRefName currentRefName}}
        ...on AddedToMergeQueueEvent{{createdAt actor{_ACTOR}}}
        ...on RemovedFromMergeQueueEvent{{createdAt actor{_ACTOR} reason beforeCommit{{oid}}}}
        ...on AutoMergeEnabledEvent{{createdAt actor{_ACTOR}}}
        ...on LabeledEvent{{createdAt actor{_ACTOR} label{{name}}}}
        ...on UnlabeledEvent{{createdAt actor{_ACTOR} label{{name}}}}
        ...on RenamedTitleEvent{{createdAt actor{_ACTOR} previousTitle currentTitle}}""",
    ),
    "comments": ("", f"id fullDatabaseId url body createdAt updatedAt authorAssociation author{_ACTOR}"),
    "closingIssuesReferences": ("", "number title url state repository{nameWithOwner}"),
}
_FIRST = {"reviews": 40, "commits": 50, "timelineItems": 60, "comments": 30, "closingIssuesReferences": 10}
FURTHER = 100


def _nested(field: str, first: int, after: str = "") -> str:
    arguments, node = LISTS[field]
    at = f',after:"{after}"' if after else ""
    return f"{field}({arguments}first:{first}{at}){{totalCount {_PAGE} nodes{{{node}}}}}"


PULL_REQUESTS = f"""query pullRequests($owner:String!,$name:String!,$size:Int!,$after:String){{
rateLimit{{limit cost remaining resetAt}}
repository(owner:$owner,name:$name){{nameWithOwner
 pullRequests(first:$size,after:$after,orderBy:{{field:UPDATED_AT,direction:DESC}}){{totalCount {_PAGE}
  nodes{{id fullDatabaseId number url title body state isDraft createdAt updatedAt closedAt mergedAt
   author{_ACTOR} mergedBy{_ACTOR} authorAssociation baseRefName baseRefOid headRefName headRefOid
   additions deletions changedFiles mergeCommit{{oid}}
   labels(first:20){{nodes{{name}}}}
   reviewRequests(first:20){{nodes{{requestedReviewer{{...on User{{login}} ...on Team{{slug}}}}}}}}
   {" ".join(_nested(field, first) for field, first in _FIRST.items())}
  }}}}}}}}"""

DEPLOYMENT = f"""id databaseId createdAt updatedAt environment originalEnvironment state task description
 commitOid payload ref{{name prefix}} creator{_ACTOR} repository{{nameWithOwner url}}
 latestStatus{{id state createdAt updatedAt logUrl environmentUrl}}"""
STATUS = f"id state createdAt updatedAt description environment logUrl environmentUrl creator{_ACTOR}"

DEPLOYMENTS = f"""query deployments($owner:String!,$name:String!,$size:Int!,$after:String){{
rateLimit{{limit cost remaining resetAt}}
repository(owner:$owner,name:$name){{nameWithOwner
 deployments(first:$size,after:$after,orderBy:{{field:CREATED_AT,direction:DESC}}){{totalCount {_PAGE}
  nodes{{{DEPLOYMENT} statuses(first:20){{totalCount {_PAGE} nodes{{{STATUS}}}}}}}}}}}}}"""

DEPLOYMENTS_BY_ID = f"""query deploymentNodes($ids:[ID!]!){{
rateLimit{{limit cost remaining resetAt}}
nodes(ids:$ids){{...on Deployment{{{DEPLOYMENT} statuses(first:20){{totalCount {_PAGE} nodes{{{STATUS}}}}}}}}}}}"""

RUN_DETAILS = f"""query workflowRuns($ids:[ID!]!){{
rateLimit{{limit cost remaining resetAt}}
nodes(ids:$ids){{...on WorkflowRun{{id url
 checkSuite{{checkRuns(first:50){{totalCount {_PAGE}
  nodes{{id databaseId name status conclusion startedAt completedAt permalink deployment{{databaseId environment}}}}}}}}
 deploymentReviews(first:30){{{_PAGE} nodes{{id databaseId state comment user{_ACTOR}
  environments(first:20){{nodes{{name databaseId}}}}}}}}}}}}}}"""

ISSUES = f"""query issues($owner:String!,$name:String!,$size:Int!,$after:String){{
rateLimit{{limit cost remaining resetAt}}
repository(owner:$owner,name:$name){{nameWithOwner
 issues(first:$size,after:$after,orderBy:{{field:UPDATED_AT,direction:DESC}}){{totalCount {_PAGE}
  nodes{{id fullDatabaseId number url title body state stateReason createdAt updatedAt closedAt author{_ACTOR}
   labels(first:20){{nodes{{name}}}}}}}}}}}}"""

_ALLOWED = "(first:50){nodes{actor{...on User{login} ...on Team{slug} ...on App{slug}}}}"
BRANCH_PROTECTIONS = f"""query branchProtections($owner:String!,$name:String!,$after:String){{
rateLimit{{limit cost remaining resetAt}}
repository(owner:$owner,name:$name){{nameWithOwner url
 branchProtectionRules(first:50,after:$after){{totalCount {_PAGE}
  nodes{{id databaseId pattern creator{_ACTOR} isAdminEnforced
   requiresApprovingReviews requiredApprovingReviewCount requiresCodeOwnerReviews dismissesStaleReviews
   requireLastPushApproval restrictsReviewDismissals requiresConversationResolution
   requiresStatusChecks requiresStrictStatusChecks requiredStatusCheckContexts
   requiresCommitSignatures requiresLinearHistory restrictsPushes allowsForcePushes allowsDeletions lockBranch
   bypassPullRequestAllowances{_ALLOWED} bypassForcePushAllowances{_ALLOWED}}}}}}}}}"""

RULE_PATHS = ("CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS", ".github/workflows")
_HISTORY = f"{{{_PAGE} nodes{{{_COMMIT} messageHeadline}}}}"


def rule_files_query(cursors: Mapping[str, str | None]) -> tuple[str, dict[str, Any]]:
    """Return the query for the history of governing files and its variables; ``cursors`` by path, asked paths only."""
    aliases = {f"file{RULE_PATHS.index(path)}": path for path in cursors}
    histories = " ".join(
        f"{alias}:history(first:100,path:${alias},since:$since{_after(cursors[path])}){_HISTORY}"
        for alias, path in aliases.items()
    )
    declared = ",".join(f"${alias}:String!" for alias in aliases)
    query = f"""query ruleFiles($owner:String!,$name:String!,$since:GitTimestamp,{declared}){{
rateLimit{{limit cost remaining resetAt}}
repository(owner:$owner,name:$name){{nameWithOwner defaultBranchRef{{target{{...on Commit{{{histories}}}}}}}}}}}"""
    return query, dict(aliases)


def further_lists_query(wanted: Sequence[tuple[int, Mapping[str, str]]]) -> str:
    """Return the query for further pages of nested lists: (pull request number, {list: cursor}) each."""
    parts = " ".join(
        f"p{number}:pullRequest(number:{number}){{number "
        + " ".join(_nested(field, FURTHER, cursor) for field, cursor in cursors.items())
        + "}"
        for number, cursors in wanted
    )
    return f"""query pullRequestLists($owner:String!,$name:String!){{
rateLimit{{limit cost remaining resetAt}}
repository(owner:$owner,name:$name){{nameWithOwner {parts}}}}}"""


def further_statuses_query(wanted: Sequence[tuple[str, str]]) -> str:
    """Return the query for further pages of deployments' statuses: (node id, cursor) each."""
    parts = " ".join(
        f'd{i}:node(id:"{node}"){{...on Deployment{{id databaseId '
        f'statuses(first:{FURTHER},after:"{cursor}"){{totalCount {_PAGE} nodes{{{STATUS}}}}}}}}}'
        for i, (node, cursor) in enumerate(wanted)
    )
    return f"""query deploymentStatuses($owner:String!,$name:String!){{
rateLimit{{limit cost remaining resetAt}} repository(owner:$owner,name:$name){{nameWithOwner}} {parts}}}"""


def poll_query(repositories: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Return the query that asks whether anything moved in up to fifty repositories, and its variables."""
    declared: list[str] = []
    parts: list[str] = []
    variables: dict[str, str] = {}
    for i, repository in enumerate(repositories):
        owner, _, name = repository.partition("/")
        variables |= {f"o{i}": owner, f"n{i}": name}
        declared.append(f"$o{i}:String!,$n{i}:String!")
        parts.append(f"r{i}:repository(owner:$o{i},name:$n{i}){{{_POLLED}}}")
    return (
        f"query repositories({','.join(declared)}){{viewer{{login}} rateLimit{{limit cost remaining resetAt}} "
        f"{' '.join(parts)}}}",
        variables,
    )


_POLLED = """id databaseId nameWithOwner url isArchived createdAt pushedAt
 pullRequests(first:1,orderBy:{field:UPDATED_AT,direction:DESC}){totalCount nodes{number updatedAt}}
 issues(first:1,orderBy:{field:UPDATED_AT,direction:DESC}){totalCount nodes{number updatedAt}}
 deployments(first:1,orderBy:{field:CREATED_AT,direction:DESC}){totalCount nodes{id updatedAt}}
 releases(first:1,orderBy:{field:CREATED_AT,direction:DESC}){totalCount nodes{id updatedAt}}
 defaultBranchRef{name target{...on Commit{oid checkSuites(last:1){totalCount nodes{id updatedAt}}}}}"""

OWNED = """query owned($login:String!,$after:String){
rateLimit{limit cost remaining resetAt}
repositoryOwner(login:$login){repositories(first:100,after:$after,ownerAffiliations:OWNER,isArchived:false,
 orderBy:{field:NAME,direction:ASC}){pageInfo{hasNextPage endCursor} nodes{nameWithOwner}}}}"""


def _after(cursor: str | None) -> str:
    return f',after:"{cursor}"' if cursor else ""

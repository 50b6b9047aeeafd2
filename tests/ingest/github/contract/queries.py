"""Every GraphQL query that the connector can ask."""

from __future__ import annotations

from ingest.github import graphql


def queries() -> list[str]:
    """Return the texts: the fixed ones, and one of each kind that is put together."""
    return [
        graphql.PULL_REQUESTS,
        graphql.DEPLOYMENTS,
        graphql.DEPLOYMENTS_BY_ID,
        graphql.RUN_DETAILS,
        graphql.ISSUES,
        graphql.BRANCH_PROTECTIONS,
        graphql.OWNED,
        graphql.poll_query(["acme/shop", "acme/payments"])[0],
        graphql.rule_files_query(dict.fromkeys(graphql.RULE_PATHS))[0],
        graphql.rule_files_query({graphql.RULE_PATHS[0]: "cursor"})[0],
        graphql.further_lists_query([(1, dict.fromkeys(graphql.LISTS, "cursor"))]),
        graphql.further_statuses_query([("node", "cursor")]),
    ]

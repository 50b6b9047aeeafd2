"""Every kind of source, by the name that settings use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.source import Connector


def connectors() -> dict[str, Connector]:
    """Return the connectors by source type; imported when needed, for a fast start of other commands."""
    from ingest.github.connector import GITHUB
    from ingest.gitlab.connector import CONNECTOR as GITLAB
    from ingest.jenkins.connector import CONNECTOR as JENKINS
    from ingest.jira.connector import CONNECTOR as JIRA

    return {connector.source_type: connector for connector in (GITHUB, JIRA, GITLAB, JENKINS)}

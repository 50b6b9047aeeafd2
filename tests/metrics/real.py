"""Real sets of records, loaded and built the way the commands do it: replay or import, then build.

Owns which files and mappings make which set. Tests and the page on classification share it.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from ingest.files.importing import import_file
from ingest.files.mapping import load_mapping
from ingest.github.connector import GITHUB
from ingest.gitlab.connector import CONNECTOR as GITLAB
from ingest.jenkins.connector import CONNECTOR as JENKINS
from ingest.jira.connector import CONNECTOR as JIRA
from ingest.replay import ReplayResult, replay
from ingest.store import RawStore
from ingest.store_records import Run
from models.settings import Settings, load_settings
from models.workspace import CHECKOUT, Workspace
from sql.build import build

AS_OF = datetime(2026, 6, 30)
CONNECTORS = (GITHUB, JIRA, GITLAB, JENKINS)
MAPPINGS = CHECKOUT / "data" / "mappings"
# Set → folder under the recorded input, and file → mapping.
FILES: dict[str, tuple[str, dict[str, str]]] = {
    "archive": ("github-archives", {"mlswg+mls-protocol.json": "github-pull-request-archive"}),
    "govuk": (
        "govuk",
        {
            "app_pull_requests_2023_2024.csv": "govuk-pull-requests",
            "app_release_tags_to_2024.csv": "govuk-release-tags",
            "deployments_2023_2024.csv": "govuk-deployments",
        },
    ),
    "osg": (
        "osg",
        {"downtimes_to_2023.csv": "osg-downtimes", "downtime_prs_to_2023.csv": "osg-downtime-pull-requests"},
    ),
    "wikimedia": (
        "wikimedia",
        {
            "events_created_2016-07_2017-06.csv": "wikimedia-gerrit-events",
            "votes_created_2016-07_2017-06.csv": "wikimedia-gerrit-votes",
        },
    ),
}


def replayed(shared: Path, home: Path, folder: str) -> ReplayResult:
    """Replay the recorded answers under ``devlake-e2e/<folder>/e2e/raw_tables`` and build."""
    space = Workspace(home)
    home.mkdir(parents=True, exist_ok=True)
    routes = {connector.source_type: connector.routes for connector in CONNECTORS}
    with space.writing("test"), RawStore(space.raw_path) as store:

        def begin(source: str, source_type: str) -> Run:
            return store.begin_run(source, source_type, "replay")

        result = replay(store, begin, shared / "devlake-e2e" / folder, routes)
    built(space)
    return result


def imported(shared: Path, home: Path, name: str) -> Path:
    """Import the files of a set through the shipped mappings and build."""
    folder, files = FILES[name]
    return load(home, {shared / folder / file: MAPPINGS / f"{mapping}.toml" for file, mapping in files.items()})


def load(home: Path, files: dict[Path, Path], settings: str = "", as_of: datetime = AS_OF) -> Path:
    """Import files through mappings, build, and return the published build."""
    space = Workspace(home)
    home.mkdir(parents=True, exist_ok=True)
    with space.writing("test"), RawStore(space.raw_path) as store:
        for path, mapping in files.items():
            import_file(store, path, load_mapping(mapping))
    return built(space, settings, as_of)


def built(space: Workspace, settings: str = "", as_of: datetime = AS_OF) -> Path:
    """Build with the given configuration, as of a fixed instant, and return the published build."""
    chosen = Settings()
    if settings:
        space.config_path.write_text(settings, encoding="utf-8")
        chosen = load_settings(space.config_path)
    with space.writing("test"):
        result = build(space, chosen, as_of=as_of, memory_limit="2GB")
    return space.build_path(result.build_id)


SETS = ("github", "jira", *FILES)


def build_set(name: str, shared: Path, home: Path) -> Path:
    """Load and build one set, and return the published build's path."""
    if name in FILES:
        return imported(shared, home, name)
    replayed(shared, home, name)
    space = Workspace(home)
    return space.build_path(space.current_build())

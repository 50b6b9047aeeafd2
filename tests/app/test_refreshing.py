from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from app.dashboard import refreshing
from models.workspace import Workspace
from tests.app.conftest import Opened, shown, text_of
from tests.app.sample import AS_OF, Records, change, published
from tests.servers.jira import JiraImitation
from tests.servers.responding import Responding

WITHIN = 180.0
SOURCE = (
    '[workspace]\nname = "Ours"\nkind = "live"\n[[source]]\ntype = "jira"\nname = "tracker"\nbase_url = "{url}"\n'
    'projects = ["CHG"]\nuser = "auditor@example.com"\ntoken = "env:TWOTRACK_TEST_JIRA_TOKEN"\n'
)


@pytest.fixture
def jira(monkeypatch: pytest.MonkeyPatch) -> Iterator[Responding]:
    monkeypatch.setenv("TWOTRACK_TEST_JIRA_TOKEN", "secret-token-of-the-test")
    imitation = JiraImitation(zone="UTC")
    for number in range(1, 4):
        imitation.add(number)
    with imitation.serve() as server:
        yield server


@pytest.fixture
def live(
    tmp_path_factory: pytest.TempPathFactory, jira: Responding, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    """A live workspace with a build and one source that answers."""
    records = Records()
    for number in range(12):
        change(records, f"CHG-{number}", at=AS_OF.replace(day=1 + number))
    home = tmp_path_factory.mktemp("live")
    space = published(home, records, kind="live")
    space.config_path.write_text(SOURCE.replace("{url}", jira.url), encoding="utf-8")
    yield from shown(space, monkeypatch)


def ended(space: Workspace) -> refreshing.Refresh:
    latest = refreshing.desk(str(space.home)).latest
    assert latest is not None
    latest.process.wait(WITHIN)
    return latest


def test_a_refresh_reads_the_sources_and_its_build_is_offered(live: Workspace, opened: Opened) -> None:
    """The button syncs and builds in a process of its own; the page keeps its numbers and offers the new build."""
    first = live.current_build()
    app = opened()
    app.button("refresh").click().run()
    assert app.button("refresh").disabled
    assert ended(live).failure() is None
    assert live.current_build() != first
    app.run()
    assert not app.button("refresh").disabled
    assert "Refreshed on" in text_of(app)
    assert f"build {first}" in text_of(app)
    assert any("newer build" in info.value for info in app.info)


def test_one_refresh_at_a_time(live: Workspace) -> None:
    """Who presses twice, or in two windows, begins one."""
    desk = refreshing.desk(str(live.home))
    desk.begin(live)
    running = desk.latest
    desk.begin(live)
    assert desk.latest is running
    until = time.monotonic() + WITHIN
    said = set()
    while running is not None and running.is_running and time.monotonic() < until:
        said.add(running.progress())
        time.sleep(0.1)
    assert any(line.startswith(("Syncing tracker", "Building")) for line in said), said


def test_a_refresh_that_fails_says_why_and_keeps_the_page(
    live: Workspace, jira: Responding, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the command said went wrong is said on the page, with the next step."""
    monkeypatch.delenv("TWOTRACK_TEST_JIRA_TOKEN")
    app = opened()
    app.button("refresh").click().run()
    assert ended(live).failure() is not None
    app.run()
    (said,) = (warning.value for warning in app.warning if "did not go through" in warning.value)
    assert "TWOTRACK_TEST_JIRA_TOKEN" in said.replace("\\", "")
    assert not app.exception


def test_without_sources_nothing_is_offered(sample: Workspace, opened: Opened) -> None:
    """A demo has nothing to read, and a workspace of imports neither."""
    assert "refresh" not in [button.key for button in opened().button]

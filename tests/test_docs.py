from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from app.cli import twotrack
from app.docs import main, pages
from models.workspace import CHECKOUT as ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_pages_under_docs_say_what_the_code_says() -> None:
    """A command, metric, table or setting that changed without its page is found: run python -m app.docs."""
    stale = [
        path
        for path, text in pages().items()
        if not (ROOT / path).is_file() or (ROOT / path).read_text(encoding="utf-8") != text
    ]
    assert stale == [], "stale; run: python -m app.docs"


def test_the_generator_writes_what_differs_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Running it twice changes nothing the second time."""
    main(tmp_path)
    assert set(capsys.readouterr().out.split()) == set(pages())
    main(tmp_path)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    """A link to a file, and to a heading in it, is not broken."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (heading and heading not in anchors(path)):
            broken.append(target)
    assert broken == []


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_command_lines_on_a_page_can_be_typed(page: Path) -> None:
    """Every line of a code block that runs twotrack is understood by it."""
    text = page.read_text(encoding="utf-8")
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines() if language in ("", "bash", "sh", "console") else ():
            words = shlex.split(line.partition(" > ")[0], comments=True)
            while words and not words[0].endswith("twotrack"):
                words = words[words.index("&&") + 1 :] if "&&" in words else []
            if words and "[OPTIONS]" not in words:
                understood(words[1:])


def understood(words: list[str]) -> None:
    context = twotrack.make_context("twotrack", list(words))
    rest = [*context._protected_args, *context.args] if hasattr(context, "_protected_args") else context.args
    command = twotrack.get_command(context, rest[0])
    assert command is not None, words
    if not isinstance(command, click.Group):
        try:
            command.make_context(rest[0], rest[1:], parent=context)
        except click.BadParameter as error:
            if "does not exist" not in error.message:  # a file of the reader's
                raise


def test_the_readme_has_two_commands_each_one_line() -> None:
    """The first installs and shows the product, the second runs the tests; nothing else stands in their way."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL)
    assert [block.count("\n") for block in blocks[:2]] == [1, 1]
    assert blocks[0].rstrip().endswith("twotrack demo")
    assert blocks[1].rstrip().endswith("pytest -n auto")


def test_continuous_integration_runs_the_readmes_own_test_command(tmp_path: Path) -> None:
    """.ci/run takes the command from the README, so the two cannot differ; shown with a README of the test's own."""
    folder = tmp_path / "checkout"
    (folder / ".ci").mkdir(parents=True)
    (folder / ".ci" / "run").write_text((ROOT / ".ci" / "run").read_text(encoding="utf-8"), encoding="utf-8")
    fake = folder / "bin"
    fake.mkdir()
    for name in ("chromium", "apt-get"):
        (fake / name).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (fake / name).chmod(0o755)

    def ran(line: str) -> subprocess.CompletedProcess[str]:
        (folder / "README.md").write_text(f"Text.\n\n```bash\n{line}\n```\n", encoding="utf-8")
        return subprocess.run(
            ["bash", str(folder / ".ci" / "run")],
            capture_output=True,
            text=True,
            env={"PATH": f"{fake}:/usr/local/bin:/usr/bin:/bin"},
        )

    good = ran("python3 -m venv --help > /dev/null && echo pytest says && echo '3 passed, 1 skipped in 0.12s'")
    assert good.returncode == 0, good.stderr
    assert good.stdout.splitlines()[-1] == "3 passed, 1 skipped in 0.12s"
    bad = ran("python3 -m venv --help > /dev/null && echo pytest; echo '1 failed, 2 passed in 3.00s'; exit 1")
    assert bad.returncode == 1
    assert bad.stdout.splitlines()[-1] == "1 failed, 2 passed in 3.00s"
    none = ran("echo nothing")
    assert none.returncode == 1


def test_every_decision_is_in_the_index() -> None:
    """A decision nobody can find is made again."""
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    missing = [path.name for path in sorted(folder.glob("[0-9]*.md")) if f"({path.name})" not in index]
    assert missing == []


def test_the_lock_file_names_no_path_and_no_mirror() -> None:
    """Whoever installs from the lock gets the packages of the public index, from wherever they are."""
    lock = (ROOT / "uv.lock").read_text(encoding="utf-8")
    hosts = set(re.findall(r'"(\w+://[^/"]*)', lock))
    assert hosts == {"https://pypi.org", "https://files.pythonhosted.org"}
    assert re.findall(r'(?:path|directory) = "', lock) == []


def test_the_lock_file_fits_the_project() -> None:
    """Every direct dependency is locked, within the range that the project states."""
    import tomllib

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    locked = {package["name"]: package.get("version") for package in lock}
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    for text in wanted:
        requirement = Requirement(text)
        version = locked.get(canonicalize_name(requirement.name))
        assert version is not None, f"{text} is not locked; run: uv lock"
        assert requirement.specifier.contains(version, prereleases=True), f"{text} is locked at {version}"

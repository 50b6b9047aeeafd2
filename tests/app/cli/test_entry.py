from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from app.cli import COMMANDS, INTERRUPTED, OUTPUT_CLOSED, TERMINATED, USAGE
from app.cli import twotrack as group
from app.commands import build as build_command
from app.session import Session, aligned, harmless
from models.errors import InputError
from tests.app.cli.conftest import Twotrack

CLI = (sys.executable, "-m", "app.cli")
ROOT = Path(__file__).resolve().parents[3]


def start(*arguments: str, home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*CLI, *arguments], cwd=ROOT, env={**os.environ, "TWOTRACK_HOME": str(home)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        # Where the tests themselves run in the background of a shell, Ctrl-C is ignored, and a child inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip


def commands() -> list[click.Command]:
    context = click.Context(group)
    found = [command for name in COMMANDS if (command := group.get_command(context, name))]
    inner = [one.get_command(context, name) for one in found if isinstance(one, click.Group) for name in one.commands]
    return found + [command for command in inner if command]


def test_help_answers_without_loading_what_only_commands_need() -> None:
    """Asking what there is must be instant: nothing heavy is imported for it."""
    heavy = "duckdb pydantic sqlglot streamlit pandas pyarrow rich plotly requests orjson models.settings"
    code = f"import sys, app.cli; print([m for m in '{heavy}'.split() if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_help_takes_at_most_three_tenths_of_a_second_of_work(home: Path) -> None:
    """The processor's time is measured, best of three, since other work on the machine is not ours."""
    taken = []
    for _ in range(3):
        before = os.times()
        subprocess.run([*CLI, "--help"], cwd=ROOT, capture_output=True, check=True)
        after = os.times()
        taken.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(taken) <= 0.3


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_of_each_what_its_own_help_says(name: str) -> None:
    """The list is kept apart from the commands so that it need not import them; it must not drift from them."""
    command = group.get_command(click.Context(group), name)
    assert command is not None
    assert command.name == name
    first = (command.help or "").partition("\n")[0]
    assert first.partition(". ")[0].rstrip(".") + "." == COMMANDS[name][1]


def test_every_command_shows_examples_that_its_own_options_accept() -> None:
    """An example that cannot be typed is worse than none."""
    for command in commands():
        examples = getattr(command, "examples", ())
        assert examples, f"{command.name} shows no example"
        for example in examples:
            words = shlex.split(example.partition(" > ")[0])
            assert words[0] == "twotrack"
            path = click.Context(group)
            words = words[3:] if words[1] == "--home" else words[1:]
            found = group.get_command(path, words[0])
            assert found is not None, example
            if not isinstance(found, click.Group):
                try:
                    found.make_context(words[0], words[1:], parent=path)
                except click.BadParameter as error:
                    assert "does not exist" in error.message, example  # a file of the reader's


def test_every_option_has_a_line_of_help() -> None:
    """Nothing a user can type is left unexplained."""
    silent = [
        f"{command.name} {option.opts[0]}"
        for command in commands()
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert silent == []


def test_shared_options_work_before_and_after_the_command(twotrack: Twotrack, tmp_path: Path) -> None:
    """Where an option stands is nobody's business."""
    before = twotrack("--json", "--home", tmp_path / "a", "config", "show")
    after = twotrack("config", "show", "--json", "--home", tmp_path / "a")
    assert before.code == after.code == 0
    assert before.document == after.document
    assert before.document["path"] == str(tmp_path / "a" / "twotrack.toml")


def test_the_folder_comes_from_the_environment_unless_an_option_names_it(twotrack: Twotrack, home: Path) -> None:
    """TWOTRACK_HOME chooses the workspace."""
    assert twotrack("config", "show", "--json").document["path"] == str(home / "twotrack.toml")


def test_an_unknown_command_names_the_nearest_one(twotrack: Twotrack) -> None:
    """A typing error costs one look."""
    said = twotrack("biuld")
    assert (said.code, said.out) == (USAGE, "")
    assert "There is no command 'biuld'; did you mean build?" in said.err
    assert "twotrack --help" in said.err


def test_a_wrong_option_is_a_usage_error_also_as_json(twotrack: Twotrack) -> None:
    """Machines get the same answer as people, in their form, even before options are understood."""
    said = twotrack("build", "--memry", "1GB", "--json")
    assert said.code == USAGE
    assert said.document["error"] == "UsageError"
    assert said.document["next"] == "twotrack build --help"


def test_an_error_says_what_where_kept_and_next_and_no_traceback(twotrack: Twotrack) -> None:
    """Somebody at a terminal learns what to do, not what Python was doing."""
    said = twotrack("metric", "all")
    assert said.code == 7
    assert said.out == ""
    assert said.err.splitlines()[0] == "There is no build to read yet."
    assert "  where: " in said.err
    assert "  next:  twotrack demo" in said.err
    assert "Traceback" not in said.err


def test_records_without_a_build_are_one_command_away(twotrack: Twotrack, home: Path) -> None:
    """Whoever has imported already is not sent to sync, and not to the demo."""
    home.mkdir()
    (home / "store.duckdb").touch()
    assert twotrack("metric", "all", "--json").document["next"] == "twotrack build"


def test_an_error_as_json_is_on_standard_output_and_its_text_on_standard_error(twotrack: Twotrack) -> None:
    """Whoever pipes the output gets a document; whoever watches still sees what happened."""
    said = twotrack("--json", "metric", "all")
    assert set(said.document) == {"error", "what", "where", "kept", "next", "exit_code"}
    assert said.document["exit_code"] == said.code == 7
    assert said.err.startswith("There is no build to read yet.")


def test_debug_lets_the_error_through(twotrack: Twotrack) -> None:
    """With --debug the traceback is what was asked for."""
    from models.errors import NotBuiltError

    with pytest.raises(NotBuiltError):
        twotrack("--debug", "metric", "all")


def test_a_fault_of_our_own_is_admitted_without_a_traceback(
    twotrack: Twotrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even then the exit code and the next step are known."""

    def fail(session: Session, **_: object) -> None:
        raise ZeroDivisionError("one of ours")

    monkeypatch.setattr(build_command, "run_build", fail)
    said = twotrack("build", "--json")
    assert said.code == 70 == said.document["exit_code"]
    assert said.document["error"] == "InternalError"
    assert "ZeroDivisionError: one of ours" in said.err
    assert "--debug" in said.document["next"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("asked", [("metric", "all"), ("metric", "all", "--json")])
def test_an_output_that_is_full_is_told_on_standard_error(published: Path, asked: tuple[str, ...]) -> None:
    """Also with --json, whose explanation has nowhere to go either."""
    with Path("/dev/full").open("w") as full:
        found = subprocess.run(
            [*CLI, *asked], cwd=ROOT, env={**os.environ, "TWOTRACK_HOME": str(published)}, stdout=full,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert found.returncode == 9
    assert found.stderr.startswith("The disk is full.")
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize(
    "asked",
    [
        ("report", "--period", "2026Q1", "--out"), ("evidence", "--period", "2026Q1", "--out"), ("keygen", "--out"),
        ("verify", "--as-file"), ("app", "--no-browser", "--home"),
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_written_to_is_no_fault_of_ours(
    twotrack: Twotrack, published: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: tuple[str, ...]
) -> None:
    """Where a result goes is the reader's choice: it is told which place cannot be, and that nothing was written."""
    monkeypatch.setenv("TWOTRACK_HOME", str(published))
    (tmp_path / "file").write_text("in the way")
    said = twotrack(*asked, tmp_path / "file" / "below", "--json")
    assert said.code == 9
    assert said.document["where"].startswith(str(tmp_path / "file"))
    assert said.document["kept"] in {"nothing was written", "no pack was written"}


def test_ctrl_c_says_what_is_kept_and_how_to_go_on(twotrack: Twotrack, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted command leaves nobody guessing."""

    def interrupt(session: Session, **_: object) -> None:
        session.kept = "two of three files are stored"
        raise KeyboardInterrupt

    monkeypatch.setattr(build_command, "run_build", interrupt)
    said = twotrack("build", "--json")
    assert said.code == INTERRUPTED == said.document["exit_code"]
    assert said.document["kept"] == "two of three files are stored"
    assert said.document["next"] == "run the same command again"


def test_an_interrupted_database_query_is_an_interruption(twotrack: Twotrack, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB reports Ctrl-C during a query as an error of its own kind."""

    def interrupt(session: Session, **_: object) -> None:
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr(build_command, "run_build", interrupt)
    assert twotrack("build").code == INTERRUPTED


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)])
def test_a_real_signal_during_a_build_ends_it_cleanly(
    published: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """The process ends with its documented code, says what is kept, and leaves no lock and no half-written file."""
    import shutil

    home = tmp_path / "copy"
    shutil.copytree(published, home)
    process = start("build", home=home)
    deadline = time.monotonic() + 60
    while not list((home / "build").glob("*.duckdb")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err.decode()
    assert b"Interrupted." in err
    assert b"last published build" in err
    assert out == b""
    assert list((home / "build").glob("*.duckdb*")) == []
    with start("doctor", home=home) as doctor:
        doctor.communicate(timeout=60)
    assert doctor.returncode == 0


def test_a_closed_pipe_ends_the_command_quietly(published: Path) -> None:
    """`twotrack … | head -1` prints one line and no complaint."""
    process = start("metric", "approval_latency", "--records", "--csv", home=published)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(timeout=60) == OUTPUT_CLOSED
    assert process.stderr.read() == b""
    process.stderr.close()


def test_help_into_a_closed_pipe_is_quiet_too(home: Path) -> None:
    """Not only commands print."""
    process = start("--help", home=home)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(timeout=60) == OUTPUT_CLOSED
    assert process.stderr.read() == b""
    process.stderr.close()


def test_completion_offers_commands_and_options(home: Path) -> None:
    """The shells' completion asks the program itself."""
    environment = {**os.environ, "_TWOTRACK_COMPLETE": "bash_complete", "COMP_WORDS": "twotrack bu", "COMP_CWORD": "1"}
    code = "import sys; from app.cli import run; sys.exit(run([]))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert found.stdout.strip() == "plain,build"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("Zürich, 変更", "Zürich, 変更"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("bell\x07 back\x08", "bell\\x07 back\\x08"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("\x9b2J", "\\x9b2J"),
        ("abc\u202edef", "abc\\u202edef"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("tag\U000e0041", "tag\\U000e0041"),
        (None, ""),
    ],
)
def test_text_from_records_cannot_control_a_terminal(text: str | None, shown: str) -> None:
    """What somebody typed into a ticket is shown, never obeyed."""
    assert harmless(text) == shown


def test_an_error_that_quotes_a_record_cannot_control_a_terminal(
    twotrack: Twotrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Error messages quote what was read; their lines stay lines and nothing else gets through."""

    def fail(session: Session, **_: object) -> None:
        raise InputError("Bad title '\x1b]0;owned\x07'.", where="file.csv")

    monkeypatch.setattr(build_command, "run_build", fail)
    said = twotrack("build", "--json")
    assert said.err == "Bad title '\\x1b]0;owned\\x07'.\n  where: file.csv\n"
    assert "\x1b" not in said.out
    assert said.document["what"] == "Bad title '\x1b]0;owned\x07'."


def test_columns_are_aligned_with_numbers_to_the_right() -> None:
    """Plain text that survives a pipe: no boxes, no cut-off cells."""
    assert aligned([("a", 1), ("bcd", 200)], ("name", "n"), right=frozenset({1})) == (
        "name    n\n----  ---\na       1\nbcd   200"
    )


def test_quiet_leaves_only_the_result(published: Path, twotrack: Twotrack) -> None:
    """A script's log stays empty when all is well."""
    said = twotrack("--home", published, "--quiet", "metric", "all")
    assert said.code == 0
    assert said.err == ""

"""What must hold for any records: order and repetition change nothing, parts add up, estimates match plain ones."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.files.importing import import_file
from ingest.files.mapping import load_mapping
from ingest.store import RawStore
from models.metric import MetricDefinition, wilson_interval
from models.workspace import Workspace
from sql.aggregate import GROUPS, Filter, value
from tests.exports import MAPPINGS, write_exports, write_mappings
from tests.metrics.real import built, load
from tests.published import contents, differences

CHANGES = 40
QUICK = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
START = datetime(2026, 1, 1)
# What is in the numerator, how long it took (null where left out), and who it belongs to.
OBSERVED = st.lists(
    st.tuples(
        st.booleans(),
        st.integers(0, 30),
        st.sampled_from(["api", "web", None]),
        st.sampled_from([None, "left out", "unknown"]),
        st.integers(0, 100),
    ),
    max_size=30,
)
STATISTICS = {"rate": "share", "duration": "median", "survival": "kaplan_meier", "count": "count", "ratio": "ratio"}
KINDS = tuple(STATISTICS)


def exports_of(home: Path, shuffled: int | None = None) -> dict[Path, Path]:
    """Write a tool's exports into a workspace, and return file → mapping."""
    write_mappings(home)
    paths = write_exports(home / "exports", CHANGES, shuffled=shuffled)
    return {path: home / "mappings" / f"{name}.toml" for path, name in zip(paths, MAPPINGS, strict=True)}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the exports imported and built once."""
    folder = tmp_path_factory.mktemp("ordered") / "home"
    load(folder, exports_of(folder))
    return folder


def test_the_order_in_which_records_arrive_does_not_matter(home: Path, tmp_path: Path) -> None:
    """The same rows in another order, files in reverse: every mart and metric is row for row the same."""
    other = tmp_path / "shuffled"
    files = exports_of(other, shuffled=11)
    load(other, dict(reversed(files.items())))
    assert sum(rows.total() for rows in contents(home).values()) > CHANGES
    assert differences(contents(home), contents(other)) == []


def test_reading_the_same_records_again_changes_nothing(home: Path, tmp_path: Path) -> None:
    """Neither the same files nor the same rows in files that look different."""
    again = tmp_path / "again"
    again.mkdir()
    shutil.copyfile(Workspace(home).raw_path, Workspace(again).raw_path)
    stored = 0
    with RawStore(Workspace(again).raw_path) as store:
        for shuffled in (None, 5):
            for path, mapping in exports_of(again, shuffled).items():
                stored += import_file(store, path, load_mapping(mapping)).total("stored")
    assert stored == 0
    built(Workspace(again))
    assert differences(contents(home), contents(again)) == []


@pytest.fixture(scope="module")
def shelf() -> Iterator[duckdb.DuckDBPyConnection]:
    """A build that holds nothing but one metric of each kind, over one table of contributing records."""
    con = duckdb.connect(":memory:")
    con.execute(
        "create schema meta; create schema metrics; create table meta.metrics (name varchar, definition varchar)"
    )
    con.execute(
        "create table metrics.rate (record_id varchar, record_kind varchar, service varchar, team varchar, "
        "change_type varchar, occurred_at timestamp, in_numerator boolean, value double, exclusion_reason varchar, "
        "detail varchar)"
    )
    for kind in KINDS:
        definition = MetricDefinition.model_validate(
            {
                **dict.fromkeys(("name", "label", "description", "kind"), kind),
                "unit": "seconds",
                "better": "lower",
                "statistic": STATISTICS[kind],
                "minimum_sample": 1,
                "dated_by": "end",
                "source": "test",
                "absent_reason": "nothing there",
            }
        )
        con.execute("insert into meta.metrics values (?, ?)", [kind, definition.model_dump_json()])
        if kind != "rate":
            con.execute(f"create view metrics.{kind} as select * from metrics.rate")
    yield con
    con.close()


def shelve(con: duckdb.DuckDBPyConnection, observed: list[tuple[bool, int, str | None, str | None, int]]) -> None:
    con.execute("delete from metrics.rate")
    for number, (hit, took, service, reason, day) in enumerate(observed):
        con.execute(
            "insert into metrics.rate values (?, 'change', ?, null, 'normal', ?, ?, ?, ?, null)",
            [str(number), service, START + timedelta(days=day), hit, float(took), reason],
        )


@QUICK
@given(observed=OBSERVED)
def test_a_rate_lies_in_its_interval_and_without_records_there_is_none(
    shelf: duckdb.DuckDBPyConnection, observed: list[tuple[bool, int, str | None, str | None, int]]
) -> None:
    """0 ≤ low ≤ rate ≤ high ≤ 1; no judged record means null with a reason, never 0."""
    shelve(shelf, observed)
    (found,) = value(shelf, "rate")
    judged = [hit for hit, _, _, reason, _ in observed if reason is None]
    assert (found.denominator, found.numerator) == (len(judged), sum(judged))
    assert sum(found.excluded.values()) == len(observed) - len(judged)
    if judged:
        assert found.value == sum(judged) / len(judged)
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low <= found.value <= found.high <= 1
    else:
        assert found.value is None
        assert found.note.startswith("undefined: nothing there")


@QUICK
@given(observed=OBSERVED, group=st.sampled_from(sorted(GROUPS)), kind=st.sampled_from(KINDS))
def test_the_groups_of_a_metric_add_up_to_the_whole(
    shelf: duckdb.DuckDBPyConnection, observed: list[tuple[bool, int, str | None, str | None, int]], group: str,
    kind: str,
) -> None:  # fmt: skip
    """By whatever it is divided: numerators, denominators and exclusions, none lost and none twice."""
    shelve(shelf, observed)
    (whole,) = value(shelf, kind)
    parts = value(shelf, kind, by=(group,))
    assert sum(part.denominator for part in parts) == whole.denominator
    assert sum(part.numerator or 0 for part in parts) == (whole.numerator or 0)
    left_out: dict[str, int] = {}
    for part in parts:
        for reason, count in part.excluded.items():
            left_out[reason] = left_out.get(reason, 0) + count
    assert left_out == whole.excluded


@QUICK
@given(observed=OBSERVED, cut=st.integers(0, 101))
def test_two_periods_that_meet_add_up_to_both(
    shelf: duckdb.DuckDBPyConnection, observed: list[tuple[bool, int, str | None, str | None, int]], cut: int
) -> None:
    """A period is half-open: a record on the border belongs to the later one only."""
    shelve(shelf, observed)
    border = START + timedelta(days=cut)
    (before,), (after,), (both,) = (
        value(shelf, "rate", chosen) for chosen in (Filter(end=border), Filter(start=border), Filter())
    )
    assert before.denominator + after.denominator == both.denominator
    assert (before.numerator or 0) + (after.numerator or 0) == (both.numerator or 0)


@QUICK
@given(observed=OBSERVED)
def test_the_survival_median_is_that_of_a_plain_kaplan_meier_estimate(
    shelf: duckdb.DuckDBPyConnection, observed: list[tuple[bool, int, str | None, str | None, int]]
) -> None:
    """The first time at which the estimate is down to one half; none when it never is."""
    shelve(shelf, observed)
    (found,) = value(shelf, "survival")
    assert found.value == kaplan_meier_median([(took, hit) for hit, took, _, reason, _ in observed if reason is None])


def kaplan_meier_median(observed: list[tuple[int, bool]]) -> float | None:
    """Multiply, time by time, by the share of those still at risk that the event did not reach; exact fractions."""
    from fractions import Fraction

    surviving = Fraction(1)
    for at in sorted({took for took, _ in observed}):
        at_risk = sum(took >= at for took, _ in observed)
        events = sum(took == at and happened for took, happened in observed)
        surviving *= 1 - Fraction(events, at_risk)
        if surviving <= Fraction(1, 2):
            return float(at)
    return None


@settings(deadline=None, max_examples=200)
@given(trials=st.integers(1, 100_000), part=st.floats(0, 1))
def test_a_wilson_interval_contains_the_share_and_its_two_ends_solve_the_score_equation(
    trials: int, part: float
) -> None:
    """Each end is a share from which the observed one is exactly 1.96 standard errors away (Wilson 1927)."""
    z = 1.959963984540054
    successes = round(part * trials)
    interval = wilson_interval(successes, trials)
    assert interval is not None
    share = successes / trials
    assert 0 <= interval[0] <= share <= interval[1] <= 1
    for end in interval:
        assert abs((share - end) ** 2 - z * z * end * (1 - end) / trials) < 1e-9

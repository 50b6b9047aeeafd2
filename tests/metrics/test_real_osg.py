"""Numbers of the OSG set, through the real way in and a real build, against what its files say."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from statistics import median

from sql.aggregate import value
from tests.metrics.conftest import Set
from tests.metrics.reading import one, rows_of


def test_osg_windows_overlaps_and_late_entries(real_set: Set, shared_data: Path) -> None:
    """2,256 windows: 46 pairs on 26 components over 80 windows; 507 were entered after their start."""
    con = real_set("osg")
    assert one(con, "select count(*), count(*) filter (is_created_after_start) from marts.windows") == (2_256, 507)
    pairs = con.execute(
        "select scope_value, window_a, window_b from marts.window_overlaps "
        "where scope = 'component' and basis = 'planned'"
    ).fetchall()
    assert len({frozenset((a, b)) for _, a, b in pairs}) == len(pairs) == 46
    assert len({component for component, _, _ in pairs}) == 26
    assert len({window for _, a, b in pairs for window in (a, b)}) == 80
    by_hand = overlapping(shared_data, inclusive=False)
    assert {frozenset((a, b)) for _, a, b in pairs} == by_hand


def test_osg_overlaps_are_counted_by_name_of_each_scope(real_set: Set, shared_data: Path) -> None:
    """46 pairs on a component, 5,745 in a service, 6,008 in an environment; no window names an implementer."""
    found = real_set("osg").execute(
        "select scope, windows, pairs from marts.overlap_counts where basis = 'planned' order by place"
    )
    expected = [
        ("component", 2_256, len(overlapping(shared_data, inclusive=False))),
        ("service", 2_256, len(overlapping(shared_data, inclusive=False, column="resource_group"))),
        ("dependency", 0, None),
        ("environment", 2_256, len(overlapping(shared_data, inclusive=False, column="site"))),
        ("implementer", 0, None),
    ]
    assert found.fetchall() == expected
    assert [pairs for _, _, pairs in expected] == [46, 5_745, None, 6_008, None]


def test_osg_notice_is_judged_where_the_entry_came_first(real_set: Set, shared_data: Path) -> None:
    """1,188 of 2,256 were entered before their start, 507 after it, of 561 it is unknown; median notice 54.9 h."""
    notice = []
    for row in rows_of(shared_data / "osg/downtimes_to_2023.csv"):
        if row["CreatedTime"].strip():
            created, start = (
                datetime.strptime(row[name], "%b %d, %Y %H:%M %z") for name in ("CreatedTime", "StartTime")
            )
            notice.append((start - created).total_seconds())
    before = [seconds for seconds in notice if seconds >= 0]
    con = real_set("osg")
    (found,) = value(con, "window_notice")
    assert (found.value, found.denominator) == (median(before), len(before)) == (197_790.0, 1_188)
    assert found.excluded == {"entered after its start": 507, "entry or start unknown": 561}
    (late,) = value(con, "retroactive_windows")
    assert (late.numerator, late.denominator) == (len(notice) - len(before), len(notice)) == (507, 1_695)


def test_ends_that_touch_are_no_overlap(real_set: Set, shared_data: Path) -> None:
    """With inclusive ends the same windows would give more pairs: what is half-open decides the number."""
    assert len(overlapping(shared_data, inclusive=True)) > 46
    touching = overlapping(shared_data, inclusive=True) - overlapping(shared_data, inclusive=False)
    found = real_set("osg").execute("select window_a, window_b from marts.window_overlaps").fetchall()
    assert not {frozenset(pair) for pair in found} & touching


def overlapping(shared: Path, *, inclusive: bool, column: str = "ResourceName") -> set[frozenset[str]]:
    spans: dict[str, list[tuple[datetime, datetime, str]]] = {}
    for row in rows_of(shared / "osg/downtimes_to_2023.csv"):
        start, end = (datetime.strptime(row[name], "%b %d, %Y %H:%M %z") for name in ("StartTime", "EndTime"))
        spans.setdefault(row[column].lower(), []).append((start, end, f"osg:window:{row['ID']}"))
    return {
        frozenset((a[2], b[2]))
        for windows in spans.values()
        for place, a in enumerate(windows)
        for b in windows[place + 1 :]
        if (a[0] <= b[1] and b[0] <= a[1] if inclusive else shares_time(a[:2], b[:2]))
    }


def shares_time(a: tuple[datetime, datetime], b: tuple[datetime, datetime]) -> bool:
    """Return whether two half-open spans overlap; an instant overlaps only what strictly contains it."""
    if a[0] < a[1] and b[0] < b[1]:
        return a[0] < b[1] and b[0] < a[1]
    instant, span = (a, b) if a[0] == a[1] else (b, a)
    return span[0] < instant[0] < span[1]

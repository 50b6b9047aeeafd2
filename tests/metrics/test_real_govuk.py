"""Numbers of the GOV.UK set, through the real way in and a real build, against what its files say."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from pathlib import Path
from statistics import median

from sql.aggregate import value
from tests.metrics.conftest import Set
from tests.metrics.reading import naive, one, rows_of


def test_govuk_deployments_per_environment_and_month_are_those_of_the_file(real_set: Set, shared_data: Path) -> None:
    """57,413 deployments; only those of the environment called production are production."""
    expected = Counter(
        (row["environment"], row["merged_at"][:7]) for row in rows_of(shared_data / "govuk/deployments_2023_2024.csv")
    )
    con = real_set("govuk")
    found = con.execute(
        "select environment, strftime(started_at, '%Y-%m'), count(*) from marts.deployments group by all"
    ).fetchall()
    assert {(environment, month): count for environment, month, count in found} == expected
    assert sum(expected.values()) == 57_413
    assert one(con, "select count(*) filter (is_production) from marts.deployments") == 15_823
    assert one(con, "select sum(value) from metrics.deployment_frequency where exclusion_reason is null") == 15_823


def test_govuk_production_deployments_carry_the_request_whose_merge_was_tagged(
    real_set: Set, shared_data: Path
) -> None:
    """Joined by hand over application, tag and merge commit: each such pair is in the mart, with that basis."""
    folder = shared_data / "govuk"
    merges = {(r["app"], r["merge_sha"]): r for r in rows_of(folder / "app_pull_requests_2023_2024.csv")}
    tagged = {
        (r["app"], r["tag"]): merges[r["app"], r["commit_sha"]]
        for r in rows_of(folder / "app_release_tags_to_2024.csv")
        if (r["app"], r["commit_sha"]) in merges
    }
    expected = {
        (f"govuk:{row['commit_sha']}", f"govuk:{row['app']}#{tagged[row['app'], row['image_tag']]['pr_number']}")
        for row in rows_of(folder / "deployments_2023_2024.csv")
        if row["environment"] == "production" and (row["app"], row["image_tag"]) in tagged
    }
    con = real_set("govuk")
    found = con.execute("select deployment_id, change_id from marts.deployment_changes").fetchall()
    stated = con.execute(
        "select deployment_id, change_id from marts.deployment_changes where link_basis = 'version'"
    ).fetchall()
    assert len(expected) == 1_045
    assert expected <= set(found)
    assert set(stated) == expected


def govuk_deployments(shared: Path) -> dict[tuple[str, str], list[tuple[datetime, str, str]]]:
    """Return (instant, key, tag) of each application's deployments to each environment, in order."""
    found: dict[tuple[str, str], list[tuple[datetime, str, str]]] = {}
    for row in rows_of(shared / "govuk/deployments_2023_2024.csv"):
        place = row["app"], row["environment"]
        found.setdefault(place, []).append((naive(row["merged_at"]), row["commit_sha"], row["image_tag"]))
    return {place: sorted(moves) for place, moves in found.items()}


def test_govuk_version_decreases_are_told_apart_per_application_and_environment(
    real_set: Set, shared_data: Path
) -> None:
    """804 numbered versions are lower than the one before: 679 never ran there, 78 came back in a day, 47 later."""
    expected: Counter[tuple[str, str, str]] = Counter()
    for (app, environment), moves in govuk_deployments(shared_data).items():
        seen: set[str] = set()
        for place, (at, _, tag) in enumerate(moves):
            before_at, _, before = moves[place - 1] if place else (at, "", "")
            numbers = [re.fullmatch(r"v(\d+)", name) for name in (before, tag)]
            if numbers[0] and numbers[1] and int(numbers[1][1]) < int(numbers[0][1]):
                is_soon = (at - before_at).total_seconds() <= 24 * 3600
                move = "out of order" if tag not in seen else "rollback" if is_soon else "re-release"
                expected[app, environment, move] += 1
            seen.add(tag)
    con = real_set("govuk")
    lower = "from marts.version_moves where move in ('rollback', 're-release', 'out of order')"
    found = con.execute(f"select service, environment, move, count(*) {lower} group by all").fetchall()
    assert {(app, environment, move): count for app, environment, move, count in found} == expected
    totals = Counter(move for _, _, move in expected.elements())
    assert totals == {"out of order": 679, "rollback": 78, "re-release": 47}
    (share,) = value(con, "version_decreases")
    assert (share.numerator, share.denominator) == (804, 40_372)


def test_govuk_promotions_to_production_that_staging_did_not_precede(real_set: Set, shared_data: Path) -> None:
    """Of 15,610 first arrivals in production 16 came before staging, 18 without it; the others took 244 s."""
    moves = govuk_deployments(shared_data)
    found: Counter[str] = Counter()
    leads = []
    for (app, environment), list_of in moves.items():
        if environment != "production":
            continue
        # A tag that ends in a commit is that commit.
        staged: dict[str, datetime] = {}
        for at, _, tag in moves.get((app, "staging"), []):
            staged.setdefault(tag.removeprefix("release-"), at)
        seen: set[str] = set()
        for at, _, tag in list_of:
            name = tag.removeprefix("release-")
            if name not in seen and staged and min(staged.values()) <= at:
                found["without" if name not in staged else "before" if staged[name] > at else "in order"] += 1
                if name in staged and staged[name] <= at:
                    leads.append((at - staged[name]).total_seconds())
            seen.add(name)
    assert found == {"in order": 15_576, "before": 16, "without": 18}
    con = real_set("govuk")
    (order,) = value(con, "promotion_order_violations")
    (lead,) = value(con, "lead_time_from_stage_below")
    assert (order.numerator, order.denominator) == (34, 15_610)
    assert (lead.value, lead.denominator) == (median(leads), len(leads)) == (244.0, 15_576)

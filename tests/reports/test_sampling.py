from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.sampling import Design, derived_seed, draw, sample_size, sizes
from models.errors import InputError


@pytest.mark.parametrize(
    ("population", "confidence", "tolerable", "expected"),
    [
        (12, 90, 10, 8), (52, 90, 10, 16), (250, 90, 10, 21),
        (1_000_000, 90, 10, 22), (1_000_000, 90, 5, 45), (1_000_000, 95, 10, 29), (1_000_000, 95, 5, 59),
        (0, 90, 10, 0), (1, 90, 10, 1), (5, 90, 10, 5),
    ],
)  # fmt: skip
def test_sizes_are_the_exact_hypergeometric_ones(
    population: int, confidence: int, tolerable: int, expected: int
) -> None:
    """The published sizes for small strata and for large ones come out exactly."""
    assert sample_size(population, confidence, tolerable) == expected


def chance_of_finding_none(population: int, deviations: int, drawn: int) -> float:
    """C(N - D, n) / C(N, n), the way a textbook writes it."""
    from math import comb

    return comb(population - deviations, drawn) / comb(population, drawn)


@given(st.integers(1, 400), st.sampled_from([80, 90, 95, 99]), st.sampled_from([1, 5, 10, 20]))
def test_a_size_is_the_smallest_that_gives_the_confidence(population: int, confidence: int, tolerable: int) -> None:
    """With the size, finding no deviation is unlikely enough; with one fewer it is not."""
    deviations = -(-population * tolerable // 100)
    size = sample_size(population, confidence, tolerable)
    allowed = 1 - confidence / 100
    assert chance_of_finding_none(population, deviations, size) <= allowed + 1e-12
    assert size == 1 or chance_of_finding_none(population, deviations, size - 1) > allowed - 1e-12


@given(
    st.dictionaries(
        st.sampled_from(["standard", "normal", "emergency", "not stated"]), st.integers(0, 300), min_size=1
    ),
    st.integers(1, 500),
)
def test_a_size_the_auditor_gives_is_shared_out_whole(strata: dict[str, int], total: int) -> None:
    """Every stratum with changes is drawn from, none beyond what it has, and the total is the one given."""
    filled = {name: count for name, count in strata.items() if count}
    if total < len(filled):
        with pytest.raises(InputError):
            sizes(strata, Design(size=total))
        return
    given_sizes = sizes(strata, Design(size=total))
    assert sum(given_sizes.values()) == min(total, sum(strata.values()))
    assert all(1 <= given_sizes[name] <= count for name, count in filled.items())


def test_a_draw_can_be_repeated_with_a_hash_tool() -> None:
    """The drawn changes are those with the smallest SHA-256 of 'seed:change'."""
    frame = [(f"CHG-{n}", "normal") for n in range(20)]
    by_hand = sorted(hashlib.sha256(f"spring:{unit}".encode()).hexdigest() for unit, _ in frame)[:3]
    assert [one.digest for one in draw(frame, "spring", {"normal": 3})] == by_hand


def test_a_draw_does_not_depend_on_the_order_of_the_frame() -> None:
    """Sorting the changes differently draws the same ones."""
    frame = [(f"CHG-{n}", "normal" if n % 2 else "standard") for n in range(30)]
    wanted = {"normal": 4, "standard": 2}
    assert draw(frame, "s", wanted) == draw(list(reversed(frame)), "s", wanted)


def test_a_derived_seed_changes_with_the_frame() -> None:
    """Nobody can keep a convenient sample by leaving a change out: the seed is then another."""
    frame = [("A", "normal"), ("B", "normal")]
    assert derived_seed(frame) == derived_seed(list(reversed(frame)))
    assert derived_seed(frame) != derived_seed(frame[:1])


@pytest.mark.parametrize("design", [(0, 10, None), (90, 100, None), (90, 10, 0)])
def test_an_impossible_design_is_refused(design: tuple[int, int, int | None]) -> None:
    """Percentages lie between 0 and 100 and a sample has at least one change."""
    with pytest.raises(InputError):
        Design(*design)

"""How many changes to test and which: exact sample sizes and a draw that anybody can repeat.

Owns the arithmetic and nothing else. Knows no build and no file.

Size: the smallest n for which a sample without a single deviation would be unlikely if the stratum held as many
deviations as the tolerable rate allows. Draws are without replacement, so the count of deviations in a sample is
hypergeometric: P(0 found) = C(N - D, n) / C(N, n), with D = ⌈rate · N⌉ deviations among N.

Draw: units are ordered by the SHA-256 of ``<seed>:<unit id>`` and the first n of each stratum are taken, so
``printf '%s' 'SEED:ID' | sha256sum`` repeats it by hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from models.errors import InputError

STRATA = ("standard", "normal", "emergency", "not stated")
ALGORITHM = "ascending SHA-256 of '<seed>:<change id>' within each stratum, first n taken"


@dataclass(frozen=True)
class Design:
    """How much assurance a sample has to give, or how many changes the auditor wants.

    Args:
        confidence: Wanted confidence in per cent, such as 90.
        tolerable: Tolerable rate of deviations in per cent, such as 10.
        size: A total the auditor gives, shared out over the strata; ``None`` to compute sizes.
    """

    confidence: int = 90
    tolerable: int = 10
    size: int | None = None

    def __post_init__(self) -> None:
        """Refuse a design that no sample could meet; raises ``InputError``."""
        if not (0 < self.confidence < 100 and 0 < self.tolerable < 100):
            raise InputError(
                "Confidence and tolerable deviation must lie between 0 and 100 per cent.",
                next_step="for example --confidence 90 --tolerable 10",
            )
        if self.size is not None and self.size < 1:
            raise InputError("A sample has at least one change.", next_step="for example --sample-size 25")


@dataclass(frozen=True)
class Drawn:
    """One unit of a sample: its place in the order of its stratum (from 1) and the hash that put it there."""

    unit: str
    stratum: str
    place: int
    digest: str


def sample_size(population: int, confidence: int, tolerable: int) -> int:
    """Return the exact size for a stratum of ``population`` units; never more than there are."""
    if population <= 0:
        return 0
    deviations = ceil(Fraction(tolerable, 100) * population)
    allowed = 1 - Fraction(confidence, 100)
    none_found = Fraction(1)
    for drawn in range(population):
        # The next unit is sound too: sound ones left ÷ units left.
        none_found *= Fraction(population - deviations - drawn, population - drawn)
        if none_found <= allowed:
            return drawn + 1
    return population


def sizes(strata: Mapping[str, int], design: Design) -> dict[str, int]:
    """Return how many units to draw from each stratum of the given sizes."""
    if design.size is None:
        return {name: sample_size(count, design.confidence, design.tolerable) for name, count in strata.items()}
    return _shared_out(strata, design.size)


def _shared_out(strata: Mapping[str, int], total: int) -> dict[str, int]:
    """Share a total in proportion, largest remainders first; every stratum that has units gets at least one."""
    filled = {name: count for name, count in strata.items() if count}
    everything = sum(filled.values())
    if total >= everything:
        return dict(strata)
    if total < len(filled):
        raise InputError(
            f"{total} changes cannot cover {len(filled)} strata.", next_step=f"ask for at least {len(filled)}"
        )
    spare = total - len(filled)
    exact = {name: Fraction(spare * (count - 1), max(everything - len(filled), 1)) for name, count in filled.items()}
    given = {name: 1 + int(share) for name, share in exact.items()}
    by_remainder = sorted(filled, key=lambda name: (int(exact[name]) - exact[name], name))
    for name in by_remainder[: total - sum(given.values())]:
        given[name] += 1
    return {name: given.get(name, 0) for name in strata}


def draw(frame: Iterable[tuple[str, str]], seed: str, wanted: Mapping[str, int]) -> list[Drawn]:
    """Draw from ``frame`` (unit, stratum) as many units of each stratum as ``wanted`` says, in the order drawn."""
    by_stratum: dict[str, list[tuple[str, str]]] = {}
    for unit, stratum in frame:
        by_stratum.setdefault(stratum, []).append((digest(seed, unit), unit))
    return [
        Drawn(unit, stratum, place, hashed)
        for stratum in sorted(by_stratum)
        for place, (hashed, unit) in enumerate(sorted(by_stratum[stratum])[: wanted.get(stratum, 0)], start=1)
    ]


def digest(seed: str, unit: str) -> str:
    """Return the hash that orders a unit."""
    return hashlib.sha256(f"{seed}:{unit}".encode()).hexdigest()


def derived_seed(frame: Iterable[tuple[str, str]]) -> str:
    """Return the seed used when the auditor gives none: a hash of the frame, so that nobody chose it."""
    lines = sorted(f"{unit}\t{stratum}\n" for unit, stratum in frame)
    return hashlib.sha256("".join(lines).encode()).hexdigest()

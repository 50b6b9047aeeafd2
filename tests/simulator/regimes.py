"""The regimes a team can be in: what moves, from when, how fast and how far.

Owns the truth of the simulation. Refuses to know how a team's records come about (``marks``, ``records``) and how
they are judged.
"""

from __future__ import annotations

from dataclasses import dataclass, field

STRATA: dict[str, tuple[str, ...]] = {
    "owners": ("normal", "emergency"),
    "act": ("normal", "emergency"),
    "change_record": ("normal", "emergency"),
    "release_record": ("all",),
    "order": ("normal", "emergency"),
    "batch": ("normal",),
    "bare_decision": ("normal low", "normal medium", "normal high"),
    "governance_agenda": ("all",),
    "release_agenda": ("all",),
}
CELLS: tuple[tuple[str, str], ...] = tuple(
    (dimension, stratum) for dimension, names in STRATA.items() for stratum in names
)

BASELINE_WEEKS = 26
ONSET_WEEK = 38
WEEKS = 78


@dataclass(frozen=True)
class Move:
    """One dimension's share without the separation goes to ``target`` over ``ramp_weeks``, in some strata."""

    dimension: str
    target: float
    ramp_weeks: int = 0
    strata: tuple[str, ...] = ()


@dataclass(frozen=True)
class Regime:
    """What happens to a team at its onset; the first move is the one that must be named first."""

    name: str
    title: str
    must_alarm: bool
    moves: tuple[Move, ...] = ()
    profile: str = "classic"
    wander_rho: float = 0.6
    wander_sd: tuple[float, float] = (0.1, 0.3)
    traits: frozenset[str] = field(default_factory=frozenset)

    @property
    def ramp_weeks(self) -> int:
        """Length of the first move's ramp; 0 for a regime that starts at once."""
        return self.moves[0].ramp_weeks if self.moves else 0

    @property
    def is_faulty(self) -> bool:
        """Whether its source loses decisions, which all teams on the source share."""
        return bool(self.traits & {"outage", "renamed_field", "lost_third"})


def _trait(*names: str) -> frozenset[str]:
    return frozenset(names)


MUST_ALARM: tuple[Regime, ...] = (
    Regime(
        "owners_merge",
        "owners merge gradually over 26 weeks",
        True,
        (Move("owners", 0.6, 26), Move("act", 0.15, 26)),
        traits=_trait("gap_shrinks"),
    ),
    Regime(
        "act_collapse",
        "decision and execution become one act at once",
        True,
        (Move("act", 0.7), Move("owners", 0.35)),
        traits=_trait("gap_shrinks"),
    ),
    Regime(
        "rubber_stamping",
        "rubber-stamping sets in over 8 weeks",
        True,
        (Move("bare_decision", 0.7, 8), Move("batch", 0.4, 8)),
    ),
    Regime(
        "cab_logistics",
        "the CAB's agenda turns to logistics over 13 weeks",
        True,
        (Move("governance_agenda", 0.7, 13),),
    ),
    Regime(
        "train_bypass",
        "the release train takes changes without approval",
        True,
        (Move("order", 0.5), Move("release_agenda", 0.35)),
        traits=_trait("decisions_follow_order", "gap_shrinks"),
    ),
    Regime(
        "hollow_rules",
        "continuous delivery whose rules hollow out over 13 weeks",
        True,
        (Move("bare_decision", 0.6, 13, ("normal medium", "normal high")),),
        profile="continuous",
    ),
)

MUST_NOT: tuple[Regime, ...] = (
    Regime("stable", "stable", False),
    Regime("cd_steady", "continuous delivery, steady", False, profile="continuous"),
    Regime(
        "cd_move",
        "move to continuous delivery, done properly",
        False,
        traits=_trait("becomes_continuous", "gap_shrinks"),
    ),
    Regime("two_hats", "two hats on one person, separate acts", False, traits=_trait("two_hats")),
    Regime("season_freeze", "season, holiday freeze with emergencies", False, traits=_trait("season", "freeze")),
    Regime("outage", "a source is silent for 5 weeks", False, traits=_trait("outage")),
    Regime(
        "renamed_field", "a renamed field: decisions unreadable from then on", False, traits=_trait("renamed_field")
    ),
    Regime("lost_third", "30 % of decisions are lost from then on", False, traits=_trait("lost_third")),
    Regime("turnover", "staff turnover", False, traits=_trait("turnover")),
    Regime("mix_shift", "the mix of change types and risks shifts", False, traits=_trait("mix_shift")),
    Regime("slow_wander_97", "rates wander slowly: AR(1) 0.97, sd 0.4", False, wander_rho=0.97, wander_sd=(0.4, 0.4)),
    Regime("slow_wander_90", "rates wander slowly: AR(1) 0.9, sd 0.5", False, wander_rho=0.9, wander_sd=(0.5, 0.5)),
    Regime("episodic", "one release in twenty without any separation", False, traits=_trait("episodic")),
)

REGIMES: dict[str, Regime] = {regime.name: regime for regime in MUST_ALARM + MUST_NOT}

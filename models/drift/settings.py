"""What drift is measured on and with which limits: dimensions, weights, wording, and every number that decides.

Owns names and defaults. Knows nothing of teams, marks or statistics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, field_validator


@dataclass(frozen=True)
class Dimension:
    """One kind of record in which the separation of the two processes should be visible.

    Attributes:
        name: As in the ``dimension`` column of the marks.
        label: Sentence case, for axes and tables.
        weight: Default weight, in the index and in the evidence.
        finding: What a rise means; follows "payments' " in a sentence.
        unit: What one mark is.
        within_week: Correlation of marks of one week that is assumed until a team's own weeks say otherwise. Marks
            of ``batch`` are shared by a whole release, so one release is little more than one observation.
        may_stay: A stratum that may stay as it is while the others move. Half of what is bet on the dimension is bet on
            the others alone: rules that hollow out do so above low risk.
    """

    name: str
    label: str
    weight: float
    finding: str
    unit: str
    within_week: float = 0.02
    may_stay: str = ""


DIMENSIONS: tuple[Dimension, ...] = (
    Dimension("owners", "Same owner", 0.15, "approver and deployer are the same person", "changes"),
    Dimension("act", "Same act", 0.20, "approval and deployment are one and the same act", "changes"),
    Dimension(
        "change_record", "No change record", 0.05, "governance has no record apart from the release's", "changes"
    ),
    Dimension(
        "release_record", "No release record", 0.05, "release has no record apart from the change's", "deployments"
    ),
    Dimension("order", "No approval before", 0.15, "approval is missing, late or for another revision", "changes"),
    Dimension(
        "batch",
        "Approved in one batch",
        0.05,
        "approvals are given in one sitting after the release was cut",
        "changes",
        0.95,
    ),
    Dimension(
        "bare_decision",
        "Bare decision",
        0.15,
        "approvals are given at once and without a word, or by a policy that does not cover the risk",
        "decisions",
        may_stay="normal low",
    ),
    Dimension(
        "governance_agenda", "Logistics in governance", 0.10, "governance agenda is about release logistics", "items"
    ),
    Dimension("release_agenda", "Risk in release", 0.10, "release agenda accepts or waives risk", "items"),
)
DIMENSION_NAMES: tuple[str, ...] = tuple(dimension.name for dimension in DIMENSIONS)

Share = Annotated[float, Field(ge=0, le=1)]


class DriftSettings(BaseModel):
    """Every number that decides about drift; the page that shows a finding shows these.

    Attributes:
        baseline_weeks: Usable weeks (not censored) a dimension's baseline takes.
        minimum_marks: Fewer marks than this in a dimension's baseline: not enough data.
        margin: A rise of less than this share is of no practical interest.
        quantile: Quantile of the baseline rate's posterior that the margin is added to.
        sure_quantile: Quantile of that posterior, over all strata, under which the reference rate never lies: a margin
            that is plenty for many marks is too little for few.
        borrowed_marks: At most this many marks' worth of information a stratum borrows from the team's other strata.
        run_length_weeks: Average weeks between false alarms that the threshold is chosen for.
        alternatives: The bets: how far from the reference rate towards 1 the rate may have gone.
        weekly_cap: No dimension's week multiplies the evidence by more than ``exp(weekly_cap)``, nor do all the weeks
            that usually lie between two releases of the team: one release is never enough.
        correlation_weeks: Weeks of a team's own data that weigh as much as the assumed correlation within weeks.
        wander_quantile: How many standard deviations of a team's own slow wander the reference rate allows for.
        wander_tolerance: Wander (standard deviation on the logit) below this is left to the margin.
        wander_weeks: Length of the blocks the wander is measured on.
        pool_wander: Teams of the organisation inform each other's wander.
        level_weeks: Trailing weeks of a level.
        recovery_weeks: Trailing weeks that must be back at the reference rate before a drift is over.
        weights: Weights of the dimensions, in the index and in the evidence of a team.
        index_minimum_weight: Share of the weight that must be observed for an index.
        limit_weeks: Length of the blocks the index's limits are computed on.
        false_discovery_rate: Among the teams marked as discoveries, the share that may be false.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    baseline_weeks: Annotated[int, Field(ge=4)] = 26
    minimum_marks: Annotated[int, Field(ge=1)] = 12
    margin: Share = 0.05
    quantile: Annotated[float, Field(gt=0, lt=1)] = 0.65
    sure_quantile: Annotated[float, Field(gt=0, lt=1)] = 0.9
    borrowed_marks: Annotated[float, Field(ge=0)] = 10.0
    run_length_weeks: Annotated[float, Field(gt=1)] = 520.0
    alternatives: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (0.1, 0.2, 0.35, 0.5, 0.7)
    weekly_cap: Annotated[float, Field(gt=0)] = 2.0
    correlation_weeks: Annotated[float, Field(gt=0)] = 52.0
    wander_quantile: Annotated[float, Field(ge=0)] = 3.5
    wander_tolerance: Annotated[float, Field(ge=0)] = 0.12
    wander_weeks: Annotated[int, Field(ge=2)] = 6
    pool_wander: bool = True
    level_weeks: Annotated[int, Field(ge=1)] = 13
    recovery_weeks: Annotated[int, Field(ge=1)] = 8
    weights: dict[str, Annotated[float, Field(ge=0)]] = {dimension.name: dimension.weight for dimension in DIMENSIONS}
    index_minimum_weight: Share = 0.5
    limit_weeks: Annotated[int, Field(ge=1)] = 4
    false_discovery_rate: Annotated[float, Field(gt=0, lt=1)] = 0.1

    @field_validator("weights")
    @classmethod
    def _known_dimensions(cls, weights: dict[str, float]) -> dict[str, float]:
        if unknown := sorted(set(weights) - set(DIMENSION_NAMES)):
            raise ValueError(f"unknown dimension {', '.join(unknown)}; known are {', '.join(DIMENSION_NAMES)}")
        if not sum(weights.values()) > 0:
            raise ValueError("at least one weight must be above 0")
        return {name: weights.get(name, 0.0) for name in DIMENSION_NAMES}

    def weight_array(self) -> npt.NDArray[np.float64]:
        """Return the weights in the order of the dimensions."""
        return np.array([self.weights[name] for name in DIMENSION_NAMES])

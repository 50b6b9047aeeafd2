"""Limits of the statements about practice, as configuration; the rules that they belong to are SQL models."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]


class PracticeSettings(BaseModel):
    """Limits of what is said about practice: patterns, verdicts, combine-or-separate. Shares lie between 0 and 1.

    ``recent_days`` is the length of the trailing period and of the one before it. ``minimum_sample`` is the fewest
    records that may decide where a rule names no minimum of its own, ``cadence_minimum`` the fewest that name a
    cadence. A cadence is continuous, daily or weekly when the median gap is at most its ``..._gap_days`` and there are
    at least its ``..._per_week``; it is regular when the lower quartile of the gaps is at least
    ``cadence_regular_share`` of the upper. The two tracks are one already when at least ``already_combined_share`` of
    the smaller group decides and deploys, and as many of the decisions are by people who also deploy.
    ``alive_days``: a rule of automation is alive when it stopped something or was changed within them. ``cab_*``
    judge whether governance does logistics, over the last ``cab_weeks`` of a period; ``train_*`` whether release
    accepts risk; ``meeting_*`` one meeting for both and a meeting for every release; ``stamp_*`` rubber stamps;
    ``hidden_*`` decisions left to automation. A person's decisions are of one sitting while none follows the one before
    after more than ``sitting_minutes``. ``combine_*`` and ``apart_*`` are the criteria of combine-or-separate.
    The rest are the verdicts' conditions: ``recovery_target_hours`` is how soon a failure is to be restored,
    ``weakening_periods`` the fewest earlier quarters that make process-behaviour limits.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recent_days: Annotated[int, Field(ge=1)] = 90
    minimum_sample: Annotated[int, Field(ge=1)] = 10
    cadence_minimum: Annotated[int, Field(ge=1)] = 5
    cadence_continuous_gap_days: Annotated[float, Field(gt=0)] = 1.0
    cadence_continuous_per_week: Annotated[float, Field(gt=0)] = 5.0
    cadence_daily_gap_days: Annotated[float, Field(gt=0)] = 2.0
    cadence_daily_per_week: Annotated[float, Field(gt=0)] = 3.0
    cadence_weekly_gap_days: Annotated[float, Field(gt=0)] = 9.0
    cadence_weekly_per_week: Annotated[float, Field(gt=0)] = 0.7
    cadence_regular_share: Share = 0.5
    already_combined_share: Share = 0.5
    alive_days: Annotated[int, Field(ge=1)] = 180
    cab_logistics_share: Share = 0.4
    cab_own_plan_share: Share = 0.5
    cab_weeks: Annotated[int, Field(ge=1)] = 8
    cab_minimum: Annotated[int, Field(ge=1)] = 30
    train_undecided_share: Share = 0.2
    train_sole_approval_share: Share = 0.3
    train_risk_items: Annotated[int, Field(ge=1)] = 3
    train_minimum: Annotated[int, Field(ge=1)] = 20
    meeting_share: Share = 0.6
    meeting_minimum: Annotated[int, Field(ge=1)] = 20
    meeting_wait_factor: Annotated[float, Field(gt=0)] = 3.0
    meeting_low_risk_share: Annotated[float, Field(gt=0)] = 0.9
    stamp_decline_share: Share = 0.02
    stamp_handling_seconds: Annotated[int, Field(gt=0)] = 180
    stamp_wordless_share: Share = 0.8
    stamp_minimum: Annotated[int, Field(ge=1)] = 50
    sitting_minutes: Annotated[float, Field(gt=0)] = 15.0
    hidden_share: Share = 0.9
    hidden_minimum: Annotated[int, Field(ge=1)] = 50
    combine_contributors: Annotated[int, Field(ge=1)] = 8
    combine_low_risk_share: Share = 0.95
    combine_failure_rate: Share = 0.15
    combine_severe_days: Annotated[int, Field(ge=1)] = 180
    combine_same_type_share: Share = 0.8
    combine_size_ratio: Annotated[float, Field(gt=0)] = 10.0
    apart_dependents: Annotated[int, Field(ge=1)] = 3
    apart_stakeholder_share: Share = 0.1
    decided_before_share: Share = 0.95
    reasons_share: Share = 0.8
    planned_share: Share = 0.9
    verified_share: Share = 0.9
    restored_share: Share = 0.8
    recovery_target_hours: Annotated[float, Field(gt=0)] = 24.0
    artifact_share: Share = 0.95
    separation_share: Share = 0.95
    weakening_periods: Annotated[int, Field(ge=2)] = 4

    @model_validator(mode="after")
    def _a_rarer_cadence_has_wider_bounds(self) -> PracticeSettings:
        gaps = (self.cadence_continuous_gap_days, self.cadence_daily_gap_days, self.cadence_weekly_gap_days)
        rates = (self.cadence_continuous_per_week, self.cadence_daily_per_week, self.cadence_weekly_per_week)
        if list(gaps) != sorted(gaps) or list(rates) != sorted(rates, reverse=True):
            raise ValueError(
                "cadence_continuous_*, cadence_daily_* and cadence_weekly_* must go from short gaps to long ones "
                "and from many a week to few"
            )
        return self

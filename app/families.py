"""Which measures belong to which page, in which order, in whose colour, and what their counted records are called."""

from __future__ import annotations

from dataclasses import dataclass

from app.figures.style import EXECUTION, GOVERNANCE, NEUTRAL
from models.metric import MetricDefinition


@dataclass(frozen=True)
class Subject:
    """A measure on its page.

    Args:
        name: The metric's name.
        track: Whose colour it has.
        counted: What the records in the numerator of a rate are called.
        not_counted: What the other judged ones are called.
    """

    name: str
    track: str
    counted: str = "Counted"
    not_counted: str = "Not counted"

    def kinds(self, definition: MetricDefinition) -> dict[str, str]:
        """Return which records can be looked at: label → kind of ``app.questions.records``."""
        if definition.kind in {"rate", "count"}:
            return {self.counted: "counted", self.not_counted: "not_counted", "Left out": "excluded"}
        return {"Judged": "judged", "Left out": "excluded"}


APPROVALS = (
    Subject("approval_latency", GOVERNANCE),
    Subject("first_response_time", GOVERNANCE),
    Subject("approval_wait", GOVERNANCE),
    Subject("pending_approvals", GOVERNANCE),
    Subject("conditions_met", GOVERNANCE, "Met in time", "Not met in time"),
    Subject("record_completeness", GOVERNANCE),
    Subject("incomplete_change_records", GOVERNANCE, "Incomplete", "Complete"),
    Subject("emergency_change_ratio", GOVERNANCE, "Emergency", "Other"),
    Subject("planned_emergency_rate", GOVERNANCE, "Planned ahead", "Not planned ahead"),
    Subject("post_implementation_review_rate", GOVERNANCE, "Reviewed", "Not reviewed"),
)
FAILURES = (
    Subject("change_failure_rate", EXECUTION, "Failed", "Did not fail"),
    Subject("failed_deployment_recovery_time", EXECUTION),
    Subject("incidents_per_deployment", EXECUTION),
    Subject("deployment_attempt_failure_rate", EXECUTION, "Did not finish", "Finished"),
    Subject("unsuccessful_change_rate", EXECUTION, "Unsuccessful", "Successful"),
    Subject("unsuccessful_or_with_issues_rate", EXECUTION, "Unsuccessful or with issues", "Successful"),
    Subject("deployment_frequency", EXECUTION),
    Subject("lead_time_from_merge", EXECUTION),
    Subject("lead_time_from_first_commit", EXECUTION),
    Subject("lead_time_from_stage_below", EXECUTION),
    Subject("rereleases", EXECUTION, "Ran before", "New"),
    Subject("version_decreases", EXECUTION, "Lower version", "Same or higher"),
    Subject("promotion_order_violations", EXECUTION, "Out of order", "In order"),
)
WINDOWS = (
    Subject("overlapping_windows", NEUTRAL, "Overlapping", "Not overlapping"),
    Subject("conflicts_emerged_later", NEUTRAL, "Emerged later", "Known at approval"),
    Subject("outside_planned_window", NEUTRAL, "Outside its window", "Within its window"),
    Subject("freeze_deployments", NEUTRAL, "Inside a freeze", "Outside or exempt"),
    Subject("retroactive_windows", NEUTRAL, "Entered afterwards", "Entered before"),
    Subject("window_notice", NEUTRAL),
)
HAND_OVER = (
    Subject("unauthorised_deployment_rate", NEUTRAL, "Without valid approval", "With valid approval"),
    Subject("unauthorised_change_rate", NEUTRAL, "Without valid approval", "With valid approval"),
    Subject("retroactive_approvals", NEUTRAL, "Approved afterwards", "Approved before"),
    Subject("approved_not_shipped", NEUTRAL),
    *(Subject(f"sod_{test}", NEUTRAL, "Duties not separate", "Duties separate")
      for test in ("1_effective", "1_strict", "2", "3", "4", "5", "6", "7", "8")),
)  # fmt: skip
PAGES = {
    "views/approvals.py": APPROVALS,
    "views/change_failures.py": FAILURES,
    "views/change_windows.py": WINDOWS,
    "views/hand_over.py": HAND_OVER,
}
OTHER_TRACK = NEUTRAL


def page_of(name: str) -> str | None:
    """Return the page that shows a measure, or ``None``."""
    return next((page for page, family in PAGES.items() if any(subject.name == name for subject in family)), None)

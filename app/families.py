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
        of: What one record is.
    """

    name: str
    track: str
    counted: str = "Counted"
    not_counted: str = "Not counted"
    of: str = "change"

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
    Subject("conditions_met", GOVERNANCE, "Met in time", "Not met in time", of="condition"),
    Subject("record_completeness", GOVERNANCE),
    Subject("incomplete_change_records", GOVERNANCE, "Incomplete", "Complete"),
    Subject("emergency_change_ratio", GOVERNANCE, "Emergency", "Other"),
    Subject("planned_emergency_rate", GOVERNANCE, "Planned ahead", "Not planned ahead"),
    Subject("post_implementation_review_rate", GOVERNANCE, "Reviewed", "Not reviewed"),
)
FAILURES = (
    Subject("change_failure_rate", EXECUTION, "Failed", "Did not fail", of="deployment"),
    Subject("failed_deployment_recovery_time", EXECUTION, of="deployment"),
    Subject("incidents_per_deployment", EXECUTION, of="deployment"),
    Subject("deployment_attempt_failure_rate", EXECUTION, "Did not finish", "Finished", of="deployment"),
    Subject("unsuccessful_change_rate", EXECUTION, "Unsuccessful", "Successful"),
    Subject("unsuccessful_or_with_issues_rate", EXECUTION, "Unsuccessful or with issues", "Successful"),
    Subject("deployment_frequency", EXECUTION, of="day of a service"),
    Subject("lead_time_from_merge", EXECUTION),
    Subject("lead_time_from_first_commit", EXECUTION),
    Subject("lead_time_from_stage_below", EXECUTION, of="deployment"),
    Subject("rereleases", EXECUTION, "Ran before", "New", of="deployment"),
    Subject("version_decreases", EXECUTION, "Lower version", "Same or higher", of="deployment"),
    Subject("promotion_order_violations", EXECUTION, "Out of order", "In order", of="deployment"),
)
WINDOWS = (
    Subject("overlapping_windows", NEUTRAL, "Overlapping", "Not overlapping", of="scheduled change"),
    Subject("conflicts_emerged_later", NEUTRAL, "Emerged later", "Known at approval", of="pair of windows"),
    Subject("outside_planned_window", NEUTRAL, "Outside its window", "Within its window", of="scheduled change"),
    Subject("freeze_deployments", NEUTRAL, "Inside a freeze", "Outside or exempt", of="deployment"),
    Subject("retroactive_windows", NEUTRAL, "Entered afterwards", "Entered before", of="scheduled change"),
    Subject("window_notice", NEUTRAL, of="scheduled change"),
)
HAND_OVER = (
    Subject("unauthorised_deployment_rate", NEUTRAL, "Without valid approval", "With valid approval", of="deployment"),
    Subject("unauthorised_change_rate", NEUTRAL, "Without valid approval", "With valid approval"),
    Subject("retroactive_approvals", NEUTRAL, "Approved afterwards", "Approved before", of="deployment"),
    Subject("approved_not_shipped", NEUTRAL),
    *(Subject(f"sod_{test}", NEUTRAL, "Duties not separate", "Duties separate", of=of)
      for test, of in (("1_effective", "change"), ("1_strict", "change"), ("2", "deployed change"),
                       ("3", "deployed change"), ("4", "change"), ("5", "change"), ("6", "change"),
                       ("7", "deployment"), ("8", "change"))),
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

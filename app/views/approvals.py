"""Approvals: how long changes wait for their approval, where, and which ones."""

from __future__ import annotations

from app.dashboard import absent, components, frame, metric_page, record_list
from app.families import APPROVALS


def show() -> None:
    """Show the page."""
    asked = frame.current()
    components.page_title("Approvals", components.question(asked.choice), asked.build)
    chosen = metric_page.choose_measure(asked, APPROVALS)
    if chosen is None:
        components.missing("This build measures no approvals.", "Build again with this version.", "twotrack build")
        return
    subject, reading = chosen
    # Changes that nobody could be seen to decide on are left out with that reason, and still shown.
    is_said = reading.value.value is None and absent.is_missing(asked.build, "decision")
    if metric_page.is_empty(reading):
        if is_said:
            return
        components.nothing_matches(asked.choice.describe())
        return
    metric_page.headline(asked, subject, reading)
    metric_page.split(asked, subject, reading)
    metric_page.measures(asked, APPROVALS)
    record_list.show(asked, subject, reading, title="Records behind the number")


if __name__ == "__main__":
    show()

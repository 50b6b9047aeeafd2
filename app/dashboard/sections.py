"""Which pages there are, in which section, under which address."""

from __future__ import annotations

# Section → pages as (file, address, title, icon).
SECTIONS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "Review": (
        ("overview", "overview", "Overview", "space_dashboard"),
        ("approvals", "approvals", "Approvals", "approval"),
        ("change_failures", "change-failures", "Change failures", "emergency_home"),
        ("change_windows", "change-windows", "Change windows", "calendar_view_week"),
        ("process_drift", "process-drift", "Process drift", "merge"),
        ("hand_over", "hand-over", "Hand-over", "swap_calls"),
    ),
    "Practice": (
        ("cheat_sheet", "cheat-sheet", "Cheat sheet", "table_chart"),
        ("catches", "catches", "Catches", "phishing"),
        ("combine_or_separate", "combine-or-separate", "Combine or separate", "call_split"),
        ("retrospective", "retrospective", "Retrospective", "history"),
    ),
    "Evidence": (
        ("evidence_export", "evidence-export", "Evidence export", "inventory_2"),
        ("data_health", "data-health", "Data health", "monitor_heart"),
        ("definitions", "definitions", "Definitions and rules", "menu_book"),
    ),
}
BY_LINK = (("change", "change", "Change", "route"),)

"""Retrospective reports and evidence packs: documents made from a published build, and the check of a pack without one."""

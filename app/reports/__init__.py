"""Retrospective reports and evidence packs: made from a published build; a pack is checked without one."""

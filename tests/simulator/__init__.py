"""A seeded simulator of teams whose two processes stay apart, or slowly become one; the validation of drift uses it."""

"""Bring payloads from sources into the raw store, verbatim; refuses to know what they mean."""

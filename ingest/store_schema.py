"""Tables of the raw store. Owns their columns; refuses to know when they are written."""

from __future__ import annotations

SCHEMA_VERSION = 1

BOOKKEEPING = """
create table if not exists raw.meta (schema_version INTEGER NOT NULL);
create table if not exists raw.runs (
    run_id VARCHAR PRIMARY KEY,
    source VARCHAR NOT NULL,
    source_type VARCHAR NOT NULL,
    command VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    status VARCHAR NOT NULL,
    error VARCHAR,
    principal VARCHAR,
    scopes VARCHAR,
    tool_version VARCHAR NOT NULL
);
create table if not exists raw.run_streams (
    run_id VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,
    scope VARCHAR NOT NULL,
    window_from TIMESTAMP,
    window_to TIMESTAMP,
    requests BIGINT NOT NULL,
    pages BIGINT NOT NULL,
    received BIGINT NOT NULL,
    stored BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    reported BIGINT,
    watermark_before VARCHAR,
    watermark_after VARCHAR,
    finished_at TIMESTAMP,
    error VARCHAR,
    PRIMARY KEY (run_id, source, stream, scope)
);
create table if not exists raw.rejected (
    source VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,
    record_key VARCHAR,
    payload VARCHAR NOT NULL,
    payload_sha256 VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    request_url VARCHAR,
    fetched_at TIMESTAMP NOT NULL,
    run_id VARCHAR NOT NULL,
    replayed_at TIMESTAMP
);
create table if not exists raw.watermarks (
    source VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,
    scope VARCHAR NOT NULL,
    watermark VARCHAR,
    cursor VARCHAR,
    updated_at TIMESTAMP NOT NULL,
    run_id VARCHAR NOT NULL,
    PRIMARY KEY (source, stream, scope)
);
create table if not exists raw.conflicts (
    source VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,
    record_key VARCHAR NOT NULL,
    versions BIGINT NOT NULL,
    run_id VARCHAR NOT NULL,
    PRIMARY KEY (source, stream, record_key)
);
"""

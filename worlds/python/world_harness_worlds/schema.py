"""The tables, the same in both stores."""

from __future__ import annotations

#: Incremented with every change of the tables. A store with a newer version is refused.
VERSION = 1

_TABLES = """
CREATE TABLE {prefix}about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE {prefix}runs (
    run_id TEXT PRIMARY KEY, status TEXT NOT NULL, data {blob} NOT NULL
);
CREATE TABLE {prefix}events (
    run_id TEXT NOT NULL, seq BIGINT NOT NULL, event_id TEXT NOT NULL, type TEXT NOT NULL,
    correlation_id TEXT, created_ms BIGINT NOT NULL, data {blob} NOT NULL,
    PRIMARY KEY (run_id, seq)
);
CREATE INDEX {prefix}events_by_entity ON {prefix}events (run_id, correlation_id);
CREATE TABLE {prefix}steps (
    run_id TEXT NOT NULL, step_id TEXT NOT NULL, status TEXT NOT NULL, data {blob} NOT NULL,
    PRIMARY KEY (run_id, step_id)
);
CREATE TABLE {prefix}hooks (
    token_key {blob} PRIMARY KEY, run_id TEXT NOT NULL, hook_id TEXT NOT NULL,
    data {blob} NOT NULL
);
CREATE UNIQUE INDEX {prefix}hooks_by_run ON {prefix}hooks (run_id, hook_id);
CREATE TABLE {prefix}waits (
    run_id TEXT NOT NULL, wait_id TEXT NOT NULL, status TEXT NOT NULL, data {blob} NOT NULL,
    PRIMARY KEY (run_id, wait_id)
);
CREATE TABLE {prefix}resumes (
    run_id TEXT NOT NULL, resume_id TEXT NOT NULL, hook_id TEXT NOT NULL, digest TEXT,
    seq BIGINT NOT NULL, PRIMARY KEY (run_id, resume_id)
);
CREATE TABLE {prefix}streams (
    run_id TEXT NOT NULL, name TEXT NOT NULL, length BIGINT NOT NULL, closed SMALLINT NOT NULL,
    PRIMARY KEY (run_id, name)
);
CREATE TABLE {prefix}chunks (
    run_id TEXT NOT NULL, name TEXT NOT NULL, place BIGINT NOT NULL, data {blob} NOT NULL,
    PRIMARY KEY (run_id, name, place)
);
CREATE TABLE {prefix}messages (
    message_id TEXT PRIMARY KEY, queue_name TEXT NOT NULL, idempotency_key TEXT,
    due_ms BIGINT NOT NULL, attempt BIGINT NOT NULL, owner TEXT, dead SMALLINT NOT NULL,
    trouble TEXT, data {blob} NOT NULL
);
CREATE UNIQUE INDEX {prefix}messages_by_key ON {prefix}messages (queue_name, idempotency_key)
    WHERE idempotency_key IS NOT NULL AND dead = 0;
CREATE INDEX {prefix}messages_due ON {prefix}messages (due_ms) WHERE owner IS NULL AND dead = 0;
CREATE INDEX {prefix}messages_owned ON {prefix}messages (owner) WHERE owner IS NOT NULL;
CREATE TABLE {prefix}owners (owner TEXT PRIMARY KEY, alive_until_ms BIGINT NOT NULL);
"""


def list_statements(*, blob: str, prefix: str = "") -> list[str]:
    """Return the statements that create the tables.

    Args:
        blob: The store's column type for bytes.
        prefix: The schema of the tables, with a dot.
    """
    text = _TABLES.format(blob=blob, prefix=prefix)
    return [statement.strip() for statement in text.split(";") if statement.strip()]

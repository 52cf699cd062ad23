-- Places of `concurrency`: of runs by a key, and of the executions of tasks.

-- +goose Up
ALTER TABLE runs ADD COLUMN place TEXT NOT NULL DEFAULT '';
ALTER TABLE executions ADD COLUMN place TEXT NOT NULL DEFAULT '';
ALTER TABLE executions ADD COLUMN asks INTEGER NOT NULL DEFAULT 0;

-- Executions that have a place of their task, or wait for one.
CREATE TABLE places (
    run       INTEGER NOT NULL,
    task      TEXT    NOT NULL,
    seq       INTEGER NOT NULL,
    item      INTEGER NOT NULL,
    namespace TEXT    NOT NULL,
    workflow  TEXT    NOT NULL,
    key       TEXT    NOT NULL,
    ask       INTEGER NOT NULL,
    since     INTEGER NOT NULL,
    nth       INTEGER NOT NULL,
    held      INTEGER NOT NULL,
    PRIMARY KEY (run, task, seq, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX places_task ON places (namespace, workflow, task, key, held DESC, since, nth);
CREATE INDEX runs_place ON runs (namespace, workflow, place, status) WHERE place <> '';

-- How long things are kept, and what is on its way out.

-- +goose Up

-- Of a workflow's ended runs, in microseconds; 0: as long as the server says,
-- below: for ever.
ALTER TABLE workflows ADD COLUMN retention INTEGER NOT NULL DEFAULT 0;

-- Up to here entries of the journal may have been removed.
ALTER TABLE shard ADD COLUMN swept_pos INTEGER NOT NULL DEFAULT 0;

-- Runs that are no more, while their rows and files go.
CREATE TABLE removed_runs (
    run       INTEGER PRIMARY KEY,
    namespace TEXT    NOT NULL,
    workflow  TEXT    NOT NULL
) STRICT;

-- Workflows that are no more, while their runs below an id go.
CREATE TABLE removed_workflows (
    namespace TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    next_run  INTEGER NOT NULL,
    time      INTEGER, -- when it was deleted
    PRIMARY KEY (namespace, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX runs_ended ON runs (namespace, workflow, ended_at) WHERE ended_at IS NOT NULL;

-- What an entry of the journal is needed for.
CREATE INDEX runs_event ON runs (event_pos) WHERE event_pos IS NOT NULL;
CREATE INDEX executions_event ON executions (event_pos) WHERE event_pos <> 0;
CREATE INDEX journal_start ON journal (cause) WHERE kind = 'run_start' AND cause <> 0;

-- Tasks that have started more often than is kept of a run that is alive.
CREATE INDEX executions_many ON executions (run, task, seq) WHERE held = 1 AND seq > 1000;

-- Events by the task that sent them and their key: a task may send very many
-- of one key, and few of another.
CREATE INDEX journal_sender_key ON journal (namespace, sender, event_key) WHERE event_key IS NOT NULL AND sender <> '';

-- Offsets are called pos here: "offset" is a reserved word of other databases.
-- Times are microseconds since 1970 UTC, NULL where there is none. JSON is
-- TEXT; numbers in it keep whether they are whole (2) or not (2.0).

-- +goose Up

-- One row: what the leader of the shard needs to go on.
CREATE TABLE shard (
    id            INTEGER PRIMARY KEY CHECK (id = 0),
    leader_epoch  INTEGER NOT NULL,
    cursor_pos    INTEGER NOT NULL,
    cursor_target INTEGER NOT NULL,
    cursor_run    INTEGER NOT NULL,
    cursor_more   TEXT,
    next_run      INTEGER NOT NULL,
    time          INTEGER
) STRICT;
INSERT INTO shard VALUES (0, 0, 0, 0, 0, NULL, 0, NULL);

-- Every change begins as an entry. An entry of kind event has the columns from
-- event_key to context; another may refer to an event by event_pos.
CREATE TABLE journal (
    pos       INTEGER PRIMARY KEY,
    namespace TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    time      INTEGER NOT NULL,
    run       INTEGER NOT NULL,
    depth     INTEGER NOT NULL,
    cause     INTEGER NOT NULL,
    event_key TEXT,
    value     TEXT,
    sender    TEXT,
    event_id  TEXT,
    context   TEXT,
    event_pos INTEGER,
    body      TEXT
) STRICT;
CREATE UNIQUE INDEX journal_id ON journal (namespace, sender, event_id) WHERE event_id IS NOT NULL;
CREATE INDEX journal_key ON journal (namespace, event_key) WHERE event_key IS NOT NULL;
CREATE INDEX journal_namespace ON journal (namespace) WHERE event_key IS NOT NULL;
CREATE INDEX journal_run ON journal (run) WHERE run <> 0 AND event_key IS NOT NULL;

-- What became of an entry for one target; run 0 is the namespace's registry.
CREATE TABLE ledger (
    pos       INTEGER NOT NULL,
    run       INTEGER NOT NULL,
    part      INTEGER NOT NULL,
    namespace TEXT    NOT NULL,
    outcomes  TEXT    NOT NULL,
    PRIMARY KEY (pos, run, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_run ON ledger (run, pos);

CREATE TABLE runs (
    id           INTEGER PRIMARY KEY,
    namespace    TEXT    NOT NULL,
    workflow     TEXT    NOT NULL,
    version      TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    type         TEXT    NOT NULL,
    parameters   TEXT,
    created_at   INTEGER,
    scheduled_at INTEGER,
    started_at   INTEGER,
    ended_at     INTEGER,
    code         TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    event_pos    INTEGER,
    asked        TEXT    NOT NULL,
    parent       INTEGER NOT NULL,
    rerun_of     INTEGER NOT NULL,
    start_key    TEXT
) STRICT;
-- A list is a merge of ranges of these: with the few statuses spelled out, two
-- indexes serve every filter.
CREATE INDEX runs_namespace ON runs (namespace, status);
CREATE INDEX runs_workflow ON runs (namespace, workflow, status);
CREATE INDEX runs_alive ON runs (id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX runs_start_key ON runs (namespace, start_key) WHERE start_key IS NOT NULL;

CREATE TABLE executions (
    run        INTEGER NOT NULL,
    task       TEXT    NOT NULL,
    seq        INTEGER NOT NULL,
    item       INTEGER NOT NULL,
    try        INTEGER NOT NULL,
    status     TEXT    NOT NULL,
    queued_at  INTEGER,
    started_at INTEGER,
    ended_at   INTEGER,
    exit_code  INTEGER,
    code       TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    event_pos  INTEGER NOT NULL,
    by_pos     TEXT,
    asked      TEXT    NOT NULL,
    call       TEXT,
    outputs    TEXT,
    due        INTEGER,
    epoch      INTEGER NOT NULL,
    node       TEXT    NOT NULL,
    pid        INTEGER NOT NULL,
    log        TEXT    NOT NULL,
    executor   TEXT    NOT NULL,
    held       INTEGER NOT NULL,
    PRIMARY KEY (run, task, seq, item, try)
) STRICT, WITHOUT ROWID;
-- What a loaded run needs, out of a run that may have ended millions.
CREATE INDEX executions_held ON executions (run) WHERE held = 1;

CREATE TABLE waits (
    run    INTEGER NOT NULL,
    task   TEXT    NOT NULL,
    n      INTEGER NOT NULL,
    rule   INTEGER NOT NULL,
    by_pos TEXT,
    at     INTEGER,
    PRIMARY KEY (run, task, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE rules (
    run   INTEGER NOT NULL,
    rule  INTEGER NOT NULL,
    state TEXT    NOT NULL,
    PRIMARY KEY (run, rule)
) STRICT, WITHOUT ROWID;

CREATE TABLE timers (
    kind TEXT    NOT NULL,
    run  INTEGER NOT NULL,
    task TEXT    NOT NULL,
    item INTEGER NOT NULL,
    seq  INTEGER NOT NULL,
    try  INTEGER NOT NULL,
    due  INTEGER NOT NULL,
    PRIMARY KEY (run, task, seq, item, try, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_due ON timers (due);

CREATE TABLE workflows (
    namespace   TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    version     TEXT    NOT NULL,
    description TEXT    NOT NULL,
    tasks       TEXT,
    enabled     INTEGER NOT NULL,
    created_at  INTEGER,
    updated_at  INTEGER,
    PRIMARY KEY (namespace, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE versions (
    id         INTEGER PRIMARY KEY,
    namespace  TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    files      TEXT,
    created_at INTEGER,
    UNIQUE (namespace, name, version)
) STRICT;
CREATE INDEX versions_newest ON versions (namespace, name, created_at);

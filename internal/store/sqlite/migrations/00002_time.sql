-- +goose Up

ALTER TABLE shard ADD COLUMN next_trigger INTEGER NOT NULL DEFAULT 0;

ALTER TABLE runs ADD COLUMN trigger_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN missing TEXT;
ALTER TABLE runs ADD COLUMN depth INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN outputs TEXT;
ALTER TABLE runs ADD COLUMN result TEXT NOT NULL DEFAULT '';

ALTER TABLE workflows ADD COLUMN emits TEXT;

-- What starts runs. What a trigger remembers and waits for stands in rules,
-- marks and timers, with run 0 and its id as the rule.
CREATE TABLE triggers (
    id         INTEGER PRIMARY KEY,
    namespace  TEXT    NOT NULL,
    workflow   TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    expression TEXT    NOT NULL,
    timezone   TEXT    NOT NULL,
    catchup    TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    place      INTEGER NOT NULL,
    hash       TEXT    NOT NULL,
    entry      TEXT    NOT NULL,
    events     TEXT,
    workflows  TEXT,
    unfiltered TEXT,
    paused     INTEGER NOT NULL,
    created_at INTEGER,
    since      INTEGER
) STRICT;
-- As with runs: a list is a merge of ranges, with the few kinds spelled out.
CREATE INDEX triggers_namespace ON triggers (namespace, kind);
CREATE INDEX triggers_workflow ON triggers (namespace, workflow, kind);

-- What came into the counts and sums within a span of time.
CREATE TABLE marks (
    run    INTEGER NOT NULL,
    rule   INTEGER NOT NULL,
    node   INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    at     INTEGER,
    amount REAL, -- NULL: not a number
    PRIMARY KEY (run, rule, node, n)
) STRICT, WITHOUT ROWID;

-- A timer can be one of a condition: of a rule of a run or, with run 0, of the
-- trigger that rule names.
CREATE TABLE timers_of_all (
    kind TEXT    NOT NULL,
    run  INTEGER NOT NULL,
    rule INTEGER NOT NULL,
    node INTEGER NOT NULL,
    task TEXT    NOT NULL,
    item INTEGER NOT NULL,
    seq  INTEGER NOT NULL,
    try  INTEGER NOT NULL,
    due  INTEGER NOT NULL,
    PRIMARY KEY (run, kind, rule, node, task, seq, item, try)
) STRICT, WITHOUT ROWID;
INSERT INTO timers_of_all (kind, run, rule, node, task, item, seq, try, due)
SELECT kind, run, 0, 0, task, item, seq, try, due FROM timers;
DROP TABLE timers;
ALTER TABLE timers_of_all RENAME TO timers;
CREATE INDEX timers_due ON timers (due);

CREATE TABLE namespaces (
    name       TEXT PRIMARY KEY,
    properties TEXT,
    created_at INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO namespaces (name, created_at)
SELECT namespace, min(created_at) FROM workflows GROUP BY namespace;
INSERT INTO namespaces (name) VALUES ('default') ON CONFLICT (name) DO NOTHING;

-- Events by the task that sent them; those from outside have no sender.
CREATE INDEX journal_sender ON journal (namespace, sender) WHERE event_key IS NOT NULL AND sender <> '';

-- Which events took part in what a trigger fired on, so that they are kept as
-- long as a run that it started.

-- +goose Up

-- An event, and the entry with which the condition of a trigger came true: it
-- is in the journal too, and what it decided in the ledger.
CREATE TABLE contributions (
    pos      INTEGER NOT NULL,
    fired_at INTEGER NOT NULL,
    PRIMARY KEY (pos, fired_at)
) STRICT, WITHOUT ROWID;
INSERT INTO contributions (pos, fired_at)
SELECT DISTINCT e.value, l.pos
FROM ledger l, json_each(l.outcomes) o, json_each(o.value, '$.by') e
WHERE l.run = 0 AND o.value ->> '$.o' = 'fired' AND e.value <> l.pos;

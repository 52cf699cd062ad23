DELETE FROM journal
WHERE pos IN (SELECT value FROM json_each(?1))
    AND pos <= (SELECT cursor_pos FROM shard) AND pos < (SELECT max(pos) FROM journal)
    AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.pos = journal.pos AND l.run <> 0)
    AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.event_pos = journal.pos)
    AND NOT EXISTS (SELECT 1 FROM executions x WHERE x.event_pos = journal.pos AND x.event_pos <> 0)
    AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.id = journal.run AND (r.ended_at IS NOT NULL OR journal.kind = 'run_start'))
    AND NOT EXISTS (SELECT 1 FROM journal s JOIN runs r ON r.id = s.run
        WHERE s.cause = journal.pos AND s.kind = 'run_start' AND s.cause <> 0)
    AND NOT EXISTS (SELECT 1 FROM contributions c JOIN journal s ON s.cause = c.fired_at JOIN runs r ON r.id = s.run
        WHERE c.pos = journal.pos AND s.kind = 'run_start' AND s.cause <> 0)
RETURNING pos

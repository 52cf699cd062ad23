SELECT j.pos, NOT EXISTS (SELECT 1 FROM ledger l WHERE l.pos = j.pos AND l.run <> 0)
    AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.event_pos = j.pos)
    AND NOT EXISTS (SELECT 1 FROM executions x WHERE x.event_pos = j.pos AND x.event_pos <> 0)
    AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.id = j.run AND (r.ended_at IS NOT NULL OR j.kind = 'run_start'))
    AND NOT EXISTS (SELECT 1 FROM journal s JOIN runs r ON r.id = s.run
        WHERE s.cause = j.pos AND s.kind = 'run_start' AND s.cause <> 0)
    AND NOT EXISTS (SELECT 1 FROM contributions c JOIN journal s ON s.cause = c.fired_at JOIN runs r ON r.id = s.run
        WHERE c.pos = j.pos AND s.kind = 'run_start' AND s.cause <> 0)
FROM journal j
WHERE j.pos > ?1 AND j.pos <= min(?2, (SELECT cursor_pos FROM shard)) AND j.pos < (SELECT max(pos) FROM journal)
ORDER BY j.pos
LIMIT ?3

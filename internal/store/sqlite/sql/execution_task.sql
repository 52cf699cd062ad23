SELECT e.run, e.task, e.seq, e.item, e.try, e.status, e.queued_at, e.started_at, e.ended_at,
    e.exit_code, e.code, e.reason, e.event_pos, e.by_pos, e.asked, e.call, e.outputs, e.due,
    e.epoch, e.node, e.pid, e.log, e.executor, e.held, e.child, e.place, e.asks, e.artifacts
FROM executions e
WHERE e.run = ?1 AND e.task = ?7 AND e.seq BETWEEN ?3 AND ?4 AND e.item BETWEEN ?8 AND ?9 AND (?2 OR NOT EXISTS (
    SELECT 1 FROM executions later
    WHERE later.run = e.run AND later.task = e.task AND later.seq = e.seq AND later.item = e.item AND later.try > e.try))
    AND (?6 = '' OR instr(?6, ' ' || e.status || ' '))
ORDER BY e.seq, e.item, e.try
LIMIT ?5

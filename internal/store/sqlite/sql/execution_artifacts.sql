SELECT e.run, e.task, e.seq, e.item, e.try, e.status, e.queued_at, e.started_at, e.ended_at,
    e.exit_code, e.code, e.reason, e.event_pos, e.by_pos, e.asked, e.call, e.outputs, e.due,
    e.epoch, e.node, e.pid, e.log, e.executor, e.held, e.child, e.place, e.asks, e.artifacts
FROM executions e INDEXED BY executions_artifacts
WHERE e.run = ?1 AND e.task = ?2 AND e.artifacts IS NOT NULL AND e.seq BETWEEN ?3 AND ?4 AND e.item BETWEEN ?5 AND ?6
ORDER BY e.seq, e.item, e.try

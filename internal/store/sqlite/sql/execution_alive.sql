SELECT e.run, e.task, e.seq, e.item, e.try, e.status, e.queued_at, e.started_at, e.ended_at,
    e.exit_code, e.code, e.reason, e.event_pos, e.by_pos, e.asked, e.call, e.outputs, e.due,
    e.epoch, e.node, e.pid, e.log, e.executor, e.held, e.child, e.place, e.asks, e.artifacts
FROM runs r CROSS JOIN executions e INDEXED BY executions_held ON e.run = r.id AND e.held = 1
WHERE r.ended_at IS NULL
ORDER BY r.id, e.task, e.seq, e.item, e.try

SELECT run, task, seq, item, try, status, queued_at, started_at, ended_at,
    exit_code, code, reason, event_pos, by_pos, asked, call, outputs, due,
    epoch, node, pid, log, executor, held, child, place, asks, artifacts
FROM executions INDEXED BY executions_held
WHERE run = ? AND held = 1
ORDER BY task, seq, item, try

INSERT INTO executions (run, task, seq, item, try, status, queued_at, started_at, ended_at,
    exit_code, code, reason, event_pos, by_pos, asked, call, outputs, due,
    epoch, node, pid, log, executor, held)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, task, seq, item, try) DO UPDATE SET
    status = excluded.status,
    queued_at = excluded.queued_at,
    started_at = excluded.started_at,
    ended_at = excluded.ended_at,
    exit_code = excluded.exit_code,
    code = excluded.code,
    reason = excluded.reason,
    event_pos = excluded.event_pos,
    by_pos = excluded.by_pos,
    asked = excluded.asked,
    call = excluded.call,
    outputs = excluded.outputs,
    due = excluded.due,
    epoch = excluded.epoch,
    node = excluded.node,
    pid = excluded.pid,
    log = excluded.log,
    executor = excluded.executor,
    held = excluded.held

INSERT INTO runs (id, namespace, workflow, version, status, type, parameters,
    created_at, scheduled_at, started_at, ended_at, code, reason, event_pos, asked,
    parent, rerun_of, start_key, trigger_id, missing, depth, outputs, result, trace, caller, place)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    status = excluded.status,
    started_at = excluded.started_at,
    ended_at = excluded.ended_at,
    code = excluded.code,
    reason = excluded.reason,
    asked = excluded.asked,
    outputs = excluded.outputs,
    result = excluded.result

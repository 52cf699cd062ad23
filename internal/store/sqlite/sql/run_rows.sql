SELECT id, namespace, workflow, version, status, type, parameters,
    created_at, scheduled_at, started_at, ended_at, code, reason, event_pos, asked,
    parent, rerun_of, start_key, trigger_id, missing, depth, outputs, result, trace, caller, place
FROM runs
WHERE id IN (SELECT value FROM json_each(?))
ORDER BY id DESC

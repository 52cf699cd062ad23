SELECT pos, namespace, kind, time, run, depth, cause,
    event_key, value, sender, event_id, context, traceparent, event_pos, body
FROM journal
WHERE pos IN (SELECT value FROM json_each(?)) AND (event_key IS NOT NULL OR kind = 'run_ended')

SELECT pos, namespace, kind, time, run, depth, cause,
    event_key, value, sender, event_id, context, traceparent, event_pos, body
FROM journal
WHERE pos = ?

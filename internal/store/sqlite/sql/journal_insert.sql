INSERT INTO journal (pos, namespace, kind, time, run, depth, cause,
    event_key, value, sender, event_id, context, traceparent, event_pos, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

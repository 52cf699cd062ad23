SELECT pos, namespace, time, run, event_key, value, sender, event_id, context, traceparent
FROM journal
WHERE pos IN (SELECT value FROM json_each(?)) AND event_key IS NOT NULL
ORDER BY pos

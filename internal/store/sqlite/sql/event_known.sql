SELECT j.pos, j.namespace, j.time, j.run, j.event_key, j.value, j.sender, j.event_id, j.context, j.traceparent
FROM json_each(?) k CROSS JOIN journal j
    ON j.namespace = k.value ->> 0 AND j.sender = k.value ->> 1 AND j.event_id = k.value ->> 2

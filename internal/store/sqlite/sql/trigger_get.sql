SELECT id, namespace, workflow, name, kind, expression, timezone, catchup, source,
    place, hash, entry, events, workflows, unfiltered, paused, created_at, since
FROM triggers
WHERE id = ?

INSERT INTO triggers (id, namespace, workflow, name, kind, expression, timezone, catchup, source,
    place, hash, entry, events, workflows, unfiltered, paused, created_at, since)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    namespace = excluded.namespace,
    workflow = excluded.workflow,
    name = excluded.name,
    kind = excluded.kind,
    expression = excluded.expression,
    timezone = excluded.timezone,
    catchup = excluded.catchup,
    source = excluded.source,
    place = excluded.place,
    hash = excluded.hash,
    entry = excluded.entry,
    events = excluded.events,
    workflows = excluded.workflows,
    unfiltered = excluded.unfiltered,
    paused = excluded.paused,
    created_at = excluded.created_at,
    since = excluded.since

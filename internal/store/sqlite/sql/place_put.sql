INSERT INTO places (run, task, seq, item, namespace, workflow, key, ask, since, nth, held)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, task, seq, item) DO UPDATE SET
    namespace = excluded.namespace,
    workflow = excluded.workflow,
    key = excluded.key,
    ask = excluded.ask,
    since = excluded.since,
    nth = excluded.nth,
    held = excluded.held

SELECT t.id, t.namespace, t.workflow, t.name, t.kind, t.expression, t.timezone, t.catchup, t.source,
    t.entry, t.paused, t.created_at,
    coalesce((SELECT w.enabled FROM workflows w WHERE w.namespace = t.namespace AND w.name = t.workflow), 0),
    (SELECT min(d.due) FROM timers d WHERE d.run = 0 AND d.kind = 'rule' AND d.rule = t.id)
FROM triggers t
WHERE t.id IN (SELECT value FROM json_each(?))
ORDER BY t.id

SELECT r.id, r.namespace, r.workflow, r.created_at,
    coalesce((SELECT w.retention FROM workflows w WHERE w.namespace = r.namespace AND w.name = r.workflow), 0)
FROM runs r INDEXED BY runs_alive
WHERE r.ended_at IS NULL AND r.id > ?1
ORDER BY r.id
LIMIT ?2

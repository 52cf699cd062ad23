WITH RECURSIVE found (namespace, workflow) AS (
    SELECT * FROM (SELECT namespace, workflow FROM runs INDEXED BY runs_ended
        WHERE ended_at IS NOT NULL ORDER BY namespace, workflow LIMIT 1)
    UNION ALL
    SELECT (SELECT r.namespace FROM runs r INDEXED BY runs_ended
            WHERE r.ended_at IS NOT NULL AND (r.namespace, r.workflow) > (found.namespace, found.workflow)
            ORDER BY r.namespace, r.workflow LIMIT 1),
        (SELECT r.workflow FROM runs r INDEXED BY runs_ended
            WHERE r.ended_at IS NOT NULL AND (r.namespace, r.workflow) > (found.namespace, found.workflow)
            ORDER BY r.namespace, r.workflow LIMIT 1)
    FROM found WHERE found.namespace IS NOT NULL)
SELECT found.namespace, found.workflow,
    coalesce((SELECT w.retention FROM workflows w WHERE w.namespace = found.namespace AND w.name = found.workflow), 0),
    (SELECT min(r.ended_at) FROM runs r INDEXED BY runs_ended
        WHERE r.namespace = found.namespace AND r.workflow = found.workflow AND r.ended_at IS NOT NULL)
FROM found WHERE found.namespace IS NOT NULL

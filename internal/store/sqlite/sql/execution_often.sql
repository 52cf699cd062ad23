SELECT e.run, r.namespace, r.workflow, r.version, e.task, e.seq, e.ended_at IS NOT NULL
FROM executions e INDEXED BY executions_many CROSS JOIN runs r ON r.id = e.run
WHERE e.held = 1 AND e.seq > 1000 AND e.item < 0 AND r.ended_at IS NULL
ORDER BY e.run, e.task, e.seq

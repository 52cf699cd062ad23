SELECT e.by_pos
FROM runs r CROSS JOIN executions e INDEXED BY executions_held ON e.run = r.id AND e.held = 1
WHERE r.ended_at IS NULL AND e.by_pos IS NOT NULL

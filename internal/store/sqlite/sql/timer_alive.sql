SELECT t.kind, t.run, t.rule, t.node, t.due
FROM runs r CROSS JOIN timers t ON t.run = r.id AND t.kind IN ('rule', 'run_start')
WHERE r.ended_at IS NULL
ORDER BY r.id, t.kind, t.rule, t.node

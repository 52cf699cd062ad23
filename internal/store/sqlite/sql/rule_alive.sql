SELECT s.run, s.rule, s.state
FROM runs r CROSS JOIN rules s ON s.run = r.id
WHERE r.ended_at IS NULL
ORDER BY r.id, s.rule

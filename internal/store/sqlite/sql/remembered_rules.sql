SELECT g.run, g.rule, g.state
FROM rules g
WHERE g.run = 0 OR EXISTS (SELECT 1 FROM runs r WHERE r.id = g.run AND r.ended_at IS NULL)

SELECT m.run, m.rule, m.node, m.n, m.at, m.amount
FROM runs r CROSS JOIN marks m ON m.run = r.id
WHERE r.ended_at IS NULL
ORDER BY r.id, m.rule, m.node, m.n

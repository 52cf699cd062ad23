SELECT run, rule, node, n, at, amount
FROM marks
WHERE run = ?
ORDER BY rule, node, n

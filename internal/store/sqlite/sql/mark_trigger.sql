SELECT run, rule, node, n, at, amount
FROM marks
WHERE run = 0 AND rule = ?
ORDER BY node, n

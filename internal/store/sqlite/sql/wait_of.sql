SELECT run, task, n, rule, by_pos, at
FROM waits
WHERE run = ?
ORDER BY task, n

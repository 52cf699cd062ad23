SELECT run, rule, state
FROM rules
WHERE run = ?
ORDER BY rule

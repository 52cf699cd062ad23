SELECT run, rule, state
FROM rules
WHERE run = 0 AND rule = ?

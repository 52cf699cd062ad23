SELECT kind, run, rule, node, due
FROM timers
WHERE run = 0 AND kind = 'rule' AND rule = ?
ORDER BY node

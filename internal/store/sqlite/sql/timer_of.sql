SELECT kind, run, rule, node, due
FROM timers
WHERE run = ? AND kind IN ('rule', 'run_start')
ORDER BY kind, rule, node

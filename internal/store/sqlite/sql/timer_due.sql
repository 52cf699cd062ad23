SELECT coalesce(CASE run
        WHEN 0 THEN (SELECT namespace FROM triggers WHERE id = timers.rule)
        ELSE (SELECT namespace FROM runs WHERE id = timers.run)
    END, ''), kind, run, rule, node, task, item, seq, try, due
FROM timers
ORDER BY due, run, kind, rule, node, task, seq, item, try
LIMIT ?

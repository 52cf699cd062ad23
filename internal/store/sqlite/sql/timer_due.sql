SELECT coalesce((SELECT namespace FROM runs WHERE id = timers.run), ''), kind, run, task, item, seq, try, due
FROM timers
ORDER BY due, run, task, seq, item, try, kind
LIMIT ?

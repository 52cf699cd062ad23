SELECT run, task, seq, item, try, event_pos
FROM executions
WHERE run = ?
ORDER BY task, seq, item, try
LIMIT ?

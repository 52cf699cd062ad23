SELECT task, seq, item, try, status, code
FROM executions INDEXED BY executions_held
WHERE run = ? AND held = 1
ORDER BY task, seq, item, try

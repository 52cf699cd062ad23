SELECT coalesce(group_concat(task || char(9) || seq || char(9) || item || char(9) || try || char(9) || status || char(9) || code, char(10)), '')
FROM executions INDEXED BY executions_held
WHERE run = ? AND held = 1

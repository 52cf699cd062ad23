SELECT id
FROM runs
WHERE namespace = ? AND start_key = ?

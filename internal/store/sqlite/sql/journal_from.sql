SELECT time
FROM journal
WHERE pos >= ?
ORDER BY pos
LIMIT 1

SELECT pos
FROM journal
WHERE namespace = ?1 AND event_key = ?2 AND pos > ?3 AND pos < ?4 AND (?5 IS NULL OR sender = ?5)
ORDER BY pos DESC
LIMIT ?6

SELECT pos
FROM journal INDEXED BY journal_sender_key
WHERE namespace = ?1 AND sender = ?2 AND sender <> '' AND event_key = ?5 AND event_key IS NOT NULL AND pos > ?3 AND pos < ?4
ORDER BY pos ASC
LIMIT ?6

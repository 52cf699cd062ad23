SELECT sender, count(*)
FROM journal INDEXED BY journal_run
WHERE run = ?2 AND run <> 0 AND event_key IS NOT NULL AND (?1 = '' OR namespace = ?1)
    AND pos > ?3 AND pos < ?4 AND (?5 IS NULL OR sender = ?5)
    AND (?7 IS NULL OR event_key IN (SELECT value FROM json_each(?7)))
GROUP BY sender

WITH RECURSIVE found (word) AS (
    SELECT min(event_key) FROM journal INDEXED BY journal_key
        WHERE event_key IS NOT NULL AND namespace = ?1 AND event_key >= ?2 AND event_key < ?2 || char(1114111)
    UNION ALL
    SELECT (SELECT min(j.event_key) FROM journal j INDEXED BY journal_key
        WHERE j.event_key IS NOT NULL AND j.namespace = ?1 AND j.event_key > found.word AND j.event_key < ?2 || char(1114111))
    FROM found WHERE found.word IS NOT NULL)
SELECT word FROM found WHERE word IS NOT NULL
LIMIT ?3

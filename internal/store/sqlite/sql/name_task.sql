SELECT DISTINCT t.value
FROM workflows w, json_each(w.tasks) t
WHERE (?1 = '' OR w.namespace = ?1) AND t.value >= ?2 AND t.value < ?2 || char(1114111)
ORDER BY t.value
LIMIT ?3

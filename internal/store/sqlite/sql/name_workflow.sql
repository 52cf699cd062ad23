SELECT DISTINCT name
FROM workflows
WHERE (?1 = '' OR namespace = ?1) AND name >= ?2 AND name < ?2 || char(1114111)
ORDER BY name
LIMIT ?3

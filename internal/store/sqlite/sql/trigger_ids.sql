SELECT id
FROM triggers
WHERE id > ?
ORDER BY id
LIMIT ?

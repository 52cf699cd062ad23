SELECT id
FROM triggers
WHERE id > ? AND id < ?
ORDER BY id DESC
LIMIT ?

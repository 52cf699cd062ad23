SELECT id
FROM triggers INDEXED BY triggers_namespace
WHERE namespace = ?1 AND kind = ?3 AND id > ?4 AND id < ?5
ORDER BY id DESC
LIMIT ?6

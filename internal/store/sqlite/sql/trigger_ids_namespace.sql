SELECT id
FROM triggers INDEXED BY triggers_namespace
WHERE namespace = ?1 AND kind = ?3 AND id > ?4
ORDER BY id
LIMIT ?5

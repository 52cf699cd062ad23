SELECT id
FROM runs INDEXED BY runs_namespace
WHERE namespace = ?1 AND status = ?3 AND id < ?4
ORDER BY id DESC
LIMIT ?5

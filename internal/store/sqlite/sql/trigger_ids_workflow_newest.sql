SELECT id
FROM triggers INDEXED BY triggers_workflow
WHERE namespace = ?1 AND workflow = ?2 AND kind = ?3 AND id > ?4 AND id < ?5
ORDER BY id DESC
LIMIT ?6

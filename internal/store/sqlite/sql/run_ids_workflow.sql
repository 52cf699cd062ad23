SELECT id
FROM runs INDEXED BY runs_workflow
WHERE namespace = ?1 AND workflow = ?2 AND status = ?3 AND id < ?4
ORDER BY id DESC
LIMIT ?5

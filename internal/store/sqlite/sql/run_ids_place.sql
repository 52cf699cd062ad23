SELECT id
FROM runs INDEXED BY runs_place
WHERE namespace = ?1 AND workflow = ?2 AND status = ?3 AND id < ?4 AND place = ?6 AND place <> ''
ORDER BY id DESC
LIMIT ?5

SELECT id
FROM runs INDEXED BY runs_ended
WHERE namespace = ?1 AND workflow = ?2 AND ended_at IS NOT NULL AND ended_at < ?3 AND id < ?4
ORDER BY ended_at
LIMIT ?5

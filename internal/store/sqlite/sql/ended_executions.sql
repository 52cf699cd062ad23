SELECT run, task, seq, item, try, event_pos
FROM executions
WHERE run = ?1 AND task = ?2 AND seq <= ?3 AND held = 0 AND ended_at IS NOT NULL AND (?4 IS NULL OR ended_at < ?4)
ORDER BY seq, item, try
LIMIT ?5

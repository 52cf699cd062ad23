DELETE FROM executions
WHERE run = ?1 AND task = ?2 AND seq = ?3 AND item = ?4 AND try = ?5
    AND (held = 0 OR NOT EXISTS (SELECT 1 FROM runs r WHERE r.id = ?1))

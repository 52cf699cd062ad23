DELETE FROM runs WHERE id = ? AND ended_at IS NOT NULL

DELETE FROM versions
WHERE namespace = ?1 AND name = ?2
    AND created_at < (SELECT d.time FROM removed_workflows d WHERE d.namespace = ?1 AND d.name = ?2)
    AND NOT EXISTS (SELECT 1 FROM workflows w WHERE w.namespace = ?1 AND w.name = ?2 AND w.version = versions.version)
    AND NOT EXISTS (SELECT 1 FROM runs r INDEXED BY runs_alive
        WHERE r.ended_at IS NULL AND r.namespace = ?1 AND r.workflow = ?2 AND r.version = versions.version)

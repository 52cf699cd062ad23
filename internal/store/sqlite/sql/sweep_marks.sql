DELETE FROM marks
WHERE run = ?1 AND (rule, node, n) IN (SELECT m.rule, m.node, m.n FROM marks m WHERE m.run = ?1 ORDER BY m.rule, m.node, m.n LIMIT ?2)
    AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.id = ?1)

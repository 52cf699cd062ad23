SELECT pos, run, part, namespace, outcomes
FROM ledger
WHERE run = ?1 AND pos < ?2 AND instr(outcomes, ?4) > 0 AND pos >= coalesce((
    SELECT last.pos FROM ledger last
    WHERE last.run = ?1 AND last.pos < ?2
    ORDER BY last.pos DESC
    LIMIT 1 OFFSET ?3), 0)
ORDER BY pos DESC, part

SELECT e.run, e.task, e.seq, e.item, e.try, e.status, e.queued_at, e.started_at, e.ended_at,
    e.exit_code, e.code, e.reason, e.event_pos, e.by_pos, e.asked, e.call, e.outputs, e.due,
    e.epoch, e.node, e.pid, e.log, e.executor, e.held, e.child, e.place, e.asks, e.artifacts
FROM ( -- sorted by their keys alone: a run may have very many items
    SELECT k.task, k.seq, k.item, k.try
    FROM executions k
    WHERE k.run = ?1 AND k.seq BETWEEN ?3 AND ?4 AND (?2 OR NOT EXISTS (
        SELECT 1 FROM executions later
        WHERE later.run = k.run AND later.task = k.task AND later.seq = k.seq AND later.item = k.item AND later.try > k.try))
        AND (?6 = '' OR instr(?6, ' ' || k.status || ' '))
    ORDER BY k.item >= 0,
        iif(k.item >= 0, max(k.queued_at, coalesce(k.started_at, 0), coalesce(k.ended_at, 0)), k.queued_at) DESC,
        k.seq DESC, k.task DESC, k.item DESC, k.try DESC
    LIMIT ?5) found
CROSS JOIN executions e ON e.run = ?1 AND e.task = found.task AND e.seq = found.seq AND e.item = found.item AND e.try = found.try

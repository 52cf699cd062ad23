SELECT 'task ' || x.task || ' of run ' || x.run || ' is ' || x.status || ', and run ' || x.child || ' that it called ' || iif(r.id IS NULL, 'is not there', 'has ended')
FROM executions x LEFT JOIN runs r ON r.id = x.child
WHERE x.held = 1 AND x.child <> 0 AND x.status IN ('running', 'stopping') AND (r.id IS NULL OR r.ended_at IS NOT NULL)
    -- whoever called is told by an entry behind the end
    AND (SELECT cursor_pos FROM shard) >= (SELECT coalesce(max(pos), 0) FROM journal)
LIMIT 6

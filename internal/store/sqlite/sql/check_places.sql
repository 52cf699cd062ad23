SELECT 'task ' || task || ' of run ' || run || iif(held, ' has a place', ' waits for a place') || ', and the run is not alive'
FROM places WHERE run NOT IN (SELECT id FROM runs WHERE ended_at IS NULL)
    -- what a run leaves is taken back by an entry behind its end
    AND (SELECT cursor_pos FROM shard) >= (SELECT coalesce(max(pos), 0) FROM journal)
LIMIT 6

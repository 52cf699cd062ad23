SELECT 'item ' || x.item || ' of task ' || x.task || ' of run ' || x.run || ' is ' || x.status || ', and the task is ' || coalesce(p.status, 'not there')
FROM executions x LEFT JOIN executions p ON p.run = x.run AND p.task = x.task AND p.seq = x.seq AND p.item = -1
WHERE x.held = 1 AND x.item >= 0 AND x.status IN ('waiting', 'queued', 'running', 'retrying', 'stopping')
    AND (p.status IS NULL OR p.status IN ('success', 'failed', 'stopped', 'skipped'))
LIMIT 6

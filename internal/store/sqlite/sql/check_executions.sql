SELECT 'run ' || x.run || ' has ended, and its task ' || x.task || ' is ' || x.status
FROM executions x JOIN runs r ON r.id = x.run
WHERE x.held = 1 AND x.status IN ('waiting', 'queued', 'running', 'retrying', 'stopping') AND r.ended_at IS NOT NULL
UNION ALL
SELECT 'task ' || task || ' is ' || status || ' in run ' || run || ', which is not there'
FROM executions WHERE held = 1 AND run NOT IN (SELECT id FROM runs) AND run NOT IN (SELECT run FROM removed_runs)
LIMIT 6

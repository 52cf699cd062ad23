SELECT 'a due time (' || kind || ') of run ' || run || ', which is not alive'
FROM timers WHERE run <> 0 AND run NOT IN (SELECT id FROM runs WHERE ended_at IS NULL)
UNION ALL
SELECT 'a due time of trigger ' || rule || ', which is not there'
FROM timers WHERE run = 0 AND rule NOT IN (SELECT id FROM triggers)
LIMIT 6

SELECT 'a start of task ' || task || ' waits in run ' || run || ', which is not alive'
FROM waits WHERE run NOT IN (SELECT id FROM runs WHERE ended_at IS NULL)
LIMIT 6

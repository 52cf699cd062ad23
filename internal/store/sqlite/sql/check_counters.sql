SELECT 'run ' || newest || ' is there, and the next is to be ' || next_run
FROM shard, (SELECT max(id) AS newest FROM runs) WHERE newest >= next_run
UNION ALL
SELECT 'trigger ' || newest || ' is there, and the next is to be ' || next_trigger
FROM shard, (SELECT max(id) AS newest FROM triggers) WHERE newest >= next_trigger

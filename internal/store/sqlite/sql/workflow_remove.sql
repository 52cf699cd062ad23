INSERT INTO removed_workflows (namespace, name, next_run, time)
SELECT ?1, ?2, next_run, time FROM shard WHERE true
ON CONFLICT (namespace, name) DO UPDATE SET next_run = excluded.next_run, time = excluded.time

INSERT INTO removed_workflows (namespace, name, next_run, time)
VALUES (?, ?, ?, ?)
ON CONFLICT (namespace, name) DO UPDATE SET next_run = excluded.next_run, time = excluded.time

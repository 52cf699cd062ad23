INSERT INTO removed_runs (run, namespace, workflow)
SELECT id, namespace, workflow FROM runs WHERE id = ? AND ended_at IS NOT NULL
ON CONFLICT (run) DO NOTHING

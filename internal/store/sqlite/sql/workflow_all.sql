SELECT namespace, name, version, description, tasks, enabled, created_at, updated_at
FROM workflows
ORDER BY namespace, name

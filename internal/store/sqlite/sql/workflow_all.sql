SELECT namespace, name, version, description, tasks, emits, enabled, created_at, updated_at, retention
FROM workflows
ORDER BY namespace, name

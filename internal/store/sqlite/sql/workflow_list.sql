SELECT namespace, name, version, description, tasks, emits, enabled, created_at, updated_at, retention
FROM workflows
WHERE (?1 = '' OR namespace = ?1) AND (?2 = '' OR name = ?2)
ORDER BY created_at DESC, namespace, name
LIMIT ?3

INSERT INTO workflows (namespace, name, version, description, tasks, emits, enabled, created_at, updated_at, retention)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (namespace, name) DO UPDATE SET
    version = excluded.version,
    description = excluded.description,
    tasks = excluded.tasks,
    emits = excluded.emits,
    enabled = excluded.enabled,
    created_at = excluded.created_at,
    updated_at = excluded.updated_at,
    retention = excluded.retention

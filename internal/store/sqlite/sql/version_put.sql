INSERT INTO versions (namespace, name, version, source, files, created_at)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (namespace, name, version) DO UPDATE SET created_at = excluded.created_at

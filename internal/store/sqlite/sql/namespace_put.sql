INSERT INTO namespaces (name, properties, created_at)
VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET
    properties = excluded.properties,
    created_at = excluded.created_at

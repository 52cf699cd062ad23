SELECT namespace, name, version, source, files, created_at
FROM versions
WHERE namespace = ? AND name = ? AND version = ?

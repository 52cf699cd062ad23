SELECT namespace, name, version, '', files, created_at
FROM versions
WHERE namespace = ? AND name = ?
ORDER BY created_at DESC, id DESC
LIMIT ?

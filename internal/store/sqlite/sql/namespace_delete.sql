DELETE FROM namespaces WHERE name = ?

DELETE FROM workflows WHERE namespace = ? AND name = ?

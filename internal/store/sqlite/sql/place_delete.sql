DELETE FROM places
WHERE run = ? AND task = ? AND seq = ? AND item = ?

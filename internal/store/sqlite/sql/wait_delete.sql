DELETE FROM waits WHERE run = ? AND task = ? AND n = ?

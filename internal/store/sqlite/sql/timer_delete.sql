DELETE FROM timers
WHERE kind = ? AND run = ? AND rule = ? AND node = ? AND task = ? AND item = ? AND seq = ? AND try = ?

DELETE FROM timers WHERE kind = ? AND run = ? AND task = ? AND item = ? AND seq = ? AND try = ?

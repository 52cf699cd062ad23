DELETE FROM marks WHERE run = ? AND rule = ? AND node = ? AND n < ?

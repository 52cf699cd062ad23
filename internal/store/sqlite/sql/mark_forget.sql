DELETE FROM marks WHERE run = 0 AND rule = ?

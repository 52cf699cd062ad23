DELETE FROM rules WHERE run = 0 AND rule = ?

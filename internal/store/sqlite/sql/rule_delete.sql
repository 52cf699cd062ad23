DELETE FROM rules WHERE run = ? AND rule = ?

DELETE FROM timers WHERE run = 0 AND kind = 'rule' AND rule = ?

DELETE FROM removed_runs WHERE run = ?

DELETE FROM removed_workflows WHERE namespace = ? AND name = ?

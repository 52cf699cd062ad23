UPDATE executions SET held = 0
WHERE run = ? AND task = ? AND seq = ? AND item >= 0 AND held = 1

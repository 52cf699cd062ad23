INSERT INTO timers (kind, run, rule, node, task, item, seq, try, due)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, kind, rule, node, task, seq, item, try) DO UPDATE SET due = excluded.due

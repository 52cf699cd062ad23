INSERT INTO timers (kind, run, task, item, seq, try, due)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, task, seq, item, try, kind) DO UPDATE SET due = excluded.due

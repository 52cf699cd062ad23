INSERT INTO waits (run, task, n, rule, by_pos, at)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (run, task, n) DO UPDATE SET
    rule = excluded.rule,
    by_pos = excluded.by_pos,
    at = excluded.at

INSERT INTO rules (run, rule, state)
VALUES (?, ?, ?)
ON CONFLICT (run, rule) DO UPDATE SET state = excluded.state

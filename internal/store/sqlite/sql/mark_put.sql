INSERT INTO marks (run, rule, node, n, at, amount)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (run, rule, node, n) DO UPDATE SET at = excluded.at, amount = excluded.amount

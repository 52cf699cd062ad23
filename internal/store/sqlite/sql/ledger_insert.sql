INSERT INTO ledger (pos, run, part, namespace, outcomes)
VALUES (?, ?, ?, ?, ?)

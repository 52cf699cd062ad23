SELECT DISTINCT pos, run
FROM ledger
WHERE run = ?
ORDER BY pos
LIMIT ?

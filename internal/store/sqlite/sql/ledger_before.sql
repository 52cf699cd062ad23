SELECT DISTINCT pos, run
FROM ledger
WHERE run = ? AND pos < ?
ORDER BY pos
LIMIT ?

SELECT pos
FROM ledger
WHERE run = ? AND pos < ?
ORDER BY pos DESC
LIMIT 1 OFFSET ?

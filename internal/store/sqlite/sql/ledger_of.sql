SELECT pos, run, part, namespace, outcomes
FROM ledger
WHERE pos = ?
ORDER BY run, part
LIMIT ?

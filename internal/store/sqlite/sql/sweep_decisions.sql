DELETE FROM ledger WHERE pos IN (SELECT value FROM json_each(?))

DELETE FROM ledger WHERE pos = ? AND run = ?

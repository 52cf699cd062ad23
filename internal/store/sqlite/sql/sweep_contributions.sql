DELETE FROM contributions WHERE pos IN (SELECT value FROM json_each(?))

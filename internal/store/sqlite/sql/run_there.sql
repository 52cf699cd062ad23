SELECT id
FROM runs
WHERE id IN (SELECT value FROM json_each(?1))
UNION ALL
SELECT run
FROM removed_runs
WHERE run IN (SELECT value FROM json_each(?1))

SELECT run, namespace, workflow
FROM removed_runs
ORDER BY run
LIMIT ?

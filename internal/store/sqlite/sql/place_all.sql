SELECT run, task, seq, item, namespace, workflow, key, ask, since, nth, held
FROM places
ORDER BY since, nth

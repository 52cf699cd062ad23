SELECT run, task, seq, item, namespace, workflow, key, ask, since, nth, held
FROM places
WHERE namespace = ? AND workflow = ? AND task = ? AND key = ?
ORDER BY held DESC, since, nth
LIMIT ?

SELECT w.run, w.task, w.n, w.rule, w.by_pos, w.at
FROM runs r CROSS JOIN waits w ON w.run = r.id
WHERE r.ended_at IS NULL
ORDER BY r.id, w.task, w.n

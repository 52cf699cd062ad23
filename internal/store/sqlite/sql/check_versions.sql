SELECT u.namespace, u.name, u.version, v.source, sum(u.alive)
FROM (SELECT namespace, workflow AS name, version, 1 AS alive FROM runs WHERE ended_at IS NULL
      UNION ALL SELECT namespace, name, version, 0 FROM workflows) u
LEFT JOIN versions v ON v.namespace = u.namespace AND v.name = u.name AND v.version = u.version
GROUP BY u.namespace, u.name, u.version

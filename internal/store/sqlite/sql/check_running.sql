SELECT count(*)
FROM runs r JOIN executions x INDEXED BY executions_held ON x.run = r.id AND x.held = 1
WHERE r.ended_at IS NULL AND x.status IN ('running', 'stopping') AND x.node <> ''

SELECT a.value ->> '$.sha256'
FROM executions e INDEXED BY executions_artifacts, json_each(e.artifacts) a
WHERE e.artifacts IS NOT NULL
UNION
SELECT f.value ->> '$.sha256'
FROM versions v, json_each(v.files) f
WHERE f.value ->> '$.sha256' <> ''

SELECT a.value ->> '$.sha256'
FROM executions e INDEXED BY executions_artifacts, json_each(e.artifacts) a
WHERE e.artifacts IS NOT NULL AND substr(a.value ->> '$.sha256', 1, length(?1)) = ?1
UNION
SELECT f.value ->> '$.sha256'
FROM versions v, json_each(v.files) f
WHERE f.value ->> '$.sha256' <> '' AND substr(f.value ->> '$.sha256', 1, length(?1)) = ?1

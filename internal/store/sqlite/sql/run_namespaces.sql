WITH RECURSIVE found (namespace) AS (
    SELECT min(namespace) FROM runs
    UNION ALL
    SELECT (SELECT min(r.namespace) FROM runs r WHERE r.namespace > found.namespace)
    FROM found WHERE found.namespace IS NOT NULL)
SELECT namespace FROM found WHERE namespace IS NOT NULL

WITH RECURSIVE found (namespace) AS (
    SELECT min(namespace) FROM triggers
    UNION ALL
    SELECT (SELECT min(t.namespace) FROM triggers t WHERE t.namespace > found.namespace)
    FROM found WHERE found.namespace IS NOT NULL)
SELECT namespace FROM found WHERE namespace IS NOT NULL

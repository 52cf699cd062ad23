WITH RECURSIVE found (namespace) AS (
    SELECT min(namespace) FROM journal INDEXED BY journal_namespace WHERE event_key IS NOT NULL
    UNION ALL
    SELECT (SELECT min(j.namespace) FROM journal j INDEXED BY journal_namespace
        WHERE j.event_key IS NOT NULL AND j.namespace > found.namespace)
    FROM found WHERE found.namespace IS NOT NULL)
SELECT namespace FROM found WHERE namespace IS NOT NULL

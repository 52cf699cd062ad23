SELECT 'trigger ' || t.id || ' (' || t.name || ') starts ' || t.namespace || '.' || t.workflow || ', which is not there'
FROM triggers t LEFT JOIN workflows w ON w.namespace = t.namespace AND w.name = t.workflow
WHERE w.name IS NULL
LIMIT 6

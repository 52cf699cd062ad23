SELECT name
FROM namespaces
UNION
SELECT namespace
FROM workflows

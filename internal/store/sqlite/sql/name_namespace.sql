SELECT DISTINCT namespace
FROM workflows
ORDER BY namespace

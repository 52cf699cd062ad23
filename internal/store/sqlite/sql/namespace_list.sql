SELECT n.name, n.properties, n.created_at,
    (SELECT count(*) FROM workflows w WHERE w.namespace = n.name)
FROM namespaces n
WHERE ?1 = '' OR n.name = ?1
ORDER BY n.name

SELECT name, properties, created_at
FROM namespaces
ORDER BY name

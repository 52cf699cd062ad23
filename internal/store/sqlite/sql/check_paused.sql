SELECT 'trigger ' || t.id || ' (' || t.name || ') is paused, and has a due time'
FROM triggers t WHERE t.paused = 1 AND t.id IN (SELECT rule FROM timers WHERE run = 0)
LIMIT 6

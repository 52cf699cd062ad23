SELECT 'a rule of run ' || run || ' remembers something, and the run is not there'
FROM rules WHERE run <> 0 AND run NOT IN (SELECT id FROM runs) AND run NOT IN (SELECT run FROM removed_runs)
UNION ALL
SELECT 'trigger ' || rule || ' remembers something, and is not there'
FROM rules WHERE run = 0 AND rule NOT IN (SELECT id FROM triggers)
LIMIT 6

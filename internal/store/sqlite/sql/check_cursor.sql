SELECT 'the cursor stands at ' || cursor_pos || ', and the journal ends at ' || last
FROM (SELECT cursor_pos, max((SELECT coalesce(max(pos), 0) FROM journal), (SELECT coalesce(max(pos), 0) FROM ledger)) AS last FROM shard)
WHERE cursor_pos > last + 10000 -- places of refused commands stay empty
UNION ALL
SELECT 'entry ' || pos || ' has been decided, and the cursor stands at ' || cursor_pos
FROM shard, (SELECT max(pos) AS pos FROM ledger)
WHERE pos > cursor_pos AND pos > coalesce((SELECT min(pos) FROM journal WHERE pos > cursor_pos), cursor_pos)

SELECT leader_epoch, cursor_pos, cursor_target, cursor_run, cursor_more, next_run, next_trigger, time,
    (SELECT coalesce(max(pos), 0) FROM journal),
    (SELECT min(due) FROM timers)
FROM shard

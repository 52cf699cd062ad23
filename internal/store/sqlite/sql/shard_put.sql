UPDATE shard
SET cursor_pos = ?, cursor_target = ?, cursor_run = ?, cursor_more = ?, next_run = ?, next_trigger = ?, time = ?
WHERE leader_epoch = ?

UPDATE shard
SET cursor_pos = ?, cursor_target = ?, cursor_run = ?, cursor_more = ?, next_run = ?, time = ?
WHERE leader_epoch = ?

UPDATE shard SET swept_pos = max(swept_pos, ?) WHERE leader_epoch = ?

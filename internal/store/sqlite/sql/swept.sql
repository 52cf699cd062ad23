SELECT swept_pos FROM shard

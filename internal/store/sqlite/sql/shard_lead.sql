UPDATE shard SET leader_epoch = leader_epoch + 1

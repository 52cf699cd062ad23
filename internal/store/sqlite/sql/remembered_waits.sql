SELECT by_pos FROM waits WHERE by_pos IS NOT NULL

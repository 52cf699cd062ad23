INSERT INTO contributions (pos, fired_at)
VALUES (?, ?)
ON CONFLICT (pos, fired_at) DO NOTHING

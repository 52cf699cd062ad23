DELETE FROM triggers WHERE id = ?

SELECT (SELECT coalesce(sum(json_array_length(artifacts)), 0) FROM executions INDEXED BY executions_artifacts WHERE artifacts IS NOT NULL)
    + (SELECT coalesce(sum(json_array_length(files)), 0) FROM versions)

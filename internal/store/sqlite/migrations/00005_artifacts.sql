-- Files of tasks that are kept after their runs.

-- +goose Up
ALTER TABLE executions ADD COLUMN artifacts TEXT;
-- Few executions leave any.
CREATE INDEX executions_artifacts ON executions (run, task) WHERE artifacts IS NOT NULL;

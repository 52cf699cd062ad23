-- Runs that tasks of other runs call.

-- +goose Up
ALTER TABLE runs ADD COLUMN caller TEXT;
ALTER TABLE executions ADD COLUMN child INTEGER NOT NULL DEFAULT 0;

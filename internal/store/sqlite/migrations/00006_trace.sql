-- Where events and runs stand in traces; NULL: nowhere.

-- +goose Up
ALTER TABLE journal ADD COLUMN traceparent TEXT;
ALTER TABLE runs ADD COLUMN trace TEXT;

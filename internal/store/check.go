package store

// Invariant is something that is always so in a sound shard, and what was
// found that is not.
type Invariant struct {
	Name   string   // cursor, timers, …
	Broken []string // what breaks it, at most a few; empty: it holds
}

// UsedVersion is a version of a workflow that something still needs.
type UsedVersion struct {
	Namespace, Name, Version string
	Source                   *string // nil: the version is not there
	Alive                    int     // runs that have not ended and have it
}

package freshet

import "time"

// Limits of what is kept of one try. They are promises, as the others are.
const (
	MaxArtifacts     = 1000     // files
	MaxArtifactBytes = 10 << 30 // of all of them
)

// Artifact is a file of a task that is kept by its content after its run.
type Artifact struct {
	Path       string    `json:"path"`   // relative, with slashes, below the task's working directory
	Dir        string    `json:"dir"`    // that directory, below the run's; empty: the run's itself; one that begins with / lies elsewhere
	Size       int64     `json:"size"`   // bytes
	SHA256     string    `json:"sha256"` // of its content, in hex
	Mode       uint32    `json:"mode"`   // permission bits
	ModifiedAt time.Time `json:"modified_at"`
}

// TaskArtifact is an artifact with the try that left it.
type TaskArtifact struct {
	Artifact
	Item *int `json:"item"` // index from 0; null without foreach
	Seq  int  `json:"seq"`
	Try  int  `json:"try"`
}

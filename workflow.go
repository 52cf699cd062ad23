package freshet

import "time"

// Workflow is a workflow that has been uploaded, as it stands now.
type Workflow struct {
	Namespace   string    `json:"namespace"`
	Name        string    `json:"name"`
	Version     string    `json:"version"` // content hash of the current version
	Description string    `json:"description"`
	Enabled     bool      `json:"enabled"`
	Tasks       []string  `json:"tasks"` // in the order of the file
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// File is a file, or a directory without files, that travels with a workflow.
type File struct {
	Path   string `json:"path"`   // relative, with slashes, below the workflow file's directory
	Mode   uint32 `json:"mode"`   // permission bits
	Size   int64  `json:"size"`   // bytes
	SHA256 string `json:"sha256"` // of its content, in hex; empty: it is a directory, which has a path only
}

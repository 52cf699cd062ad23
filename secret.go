package freshet

import "time"

// Secret is a value that workflows use and nobody may read. What is told of it
// is its name.
type Secret struct {
	Name      string       `json:"name"`
	Source    SecretSource `json:"source"`
	UpdatedAt *time.Time   `json:"updated_at"` // null: not known
}

// SecretSource says where a secret comes from.
type SecretSource string

// The sources of secrets, the strongest first.
const (
	SecretFile     SecretSource = "file"     // of the directory /run/secrets
	SecretVariable SecretSource = "variable" // FRESHET_SECRET_NAME of the server
	SecretStored   SecretSource = "stored"   // in the home, by `freshet secret set`
)

// SecretRequest sets a secret.
type SecretRequest struct {
	Value string `json:"value"`
}

// Masked stands where a value may not be shown.
const Masked = "***"

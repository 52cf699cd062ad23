package freshet

// SettingChange is a setting whose value is not the one that a server runs
// with. From and To are as they would be written; secrets are masked.
type SettingChange struct {
	Name    string `json:"name"`
	From    string `json:"from"`
	To      string `json:"to"`
	Restart bool   `json:"restart"` // it waits for a restart; else it holds now
}

// CheckResult is how a check of a server or its home went.
type CheckResult string

// The results of checks. A warning asks for a look, a failure for something to
// be done.
const (
	CheckOK   CheckResult = "ok"
	CheckWarn CheckResult = "warn"
	CheckFail CheckResult = "fail"
)

// Check is something that was looked at, and what was found.
type Check struct {
	Name   string      `json:"name"`
	Result CheckResult `json:"result"`
	Detail string      `json:"detail"`         // one line
	Hint   string      `json:"hint,omitempty"` // what to do
}

package freshet

import "time"

// Run is one run of a workflow.
type Run struct {
	ID          int64             `json:"id"`
	Namespace   string            `json:"namespace"`
	Workflow    string            `json:"workflow"`
	Version     string            `json:"version"` // content hash of what it runs
	Status      Status            `json:"status"`
	Type        RunType           `json:"run_type"`
	Parameters  map[string]any    `json:"parameters"`
	Outputs     map[string]any    `json:"outputs"`
	Labels      map[string]string `json:"labels"`
	CreatedAt   time.Time         `json:"created_at"`
	ScheduledAt *time.Time        `json:"scheduled_at"` // the tick's own time; null where there was none
	StartedAt   *time.Time        `json:"started_at"`
	EndedAt     *time.Time        `json:"ended_at"`
	Code        Code              `json:"code"`
	Reason      string            `json:"reason"`
	EventOffset int64             `json:"event_offset"` // the event that started it, 0 for none
	Parent      int64             `json:"parent"`       // the run that called it, 0 for none
	RerunOf     int64             `json:"rerun_of"`
	Trigger     int64             `json:"trigger"`     // that started it, 0 for none
	Missing     []string          `json:"missing"`     // parts of its trigger's condition that its deadline left out
	WaitingFor  string            `json:"waiting_for"` // what a queued run waits for

	ConcurrencyKey string `json:"concurrency_key"` // what the key of its workflow's concurrency came to; empty without one
}

// Execution is one process, or one decision in the engine, of a task.
type Execution struct {
	RunID       int64          `json:"run_id"`
	Task        string         `json:"task"`
	Item        *int           `json:"item"` // index from 0; null without foreach
	Seq         int            `json:"seq"`  // 0: the task has not started
	Try         int            `json:"try"`
	Status      Status         `json:"status"`
	QueuedAt    *time.Time     `json:"queued_at"`
	StartedAt   *time.Time     `json:"started_at"`
	EndedAt     *time.Time     `json:"ended_at"`
	ExitCode    *int           `json:"exit_code"`
	Outputs     map[string]any `json:"outputs"`
	Artifacts   []Artifact     `json:"artifacts"` // by path
	Code        Code           `json:"code"`
	Reason      string         `json:"reason"`
	EventOffset int64          `json:"event_offset"` // the event that started it, 0 for none
	Executor    string         `json:"executor"`
	Log         string         `json:"log"`       // path of its log file, empty where it has none
	ChildRun    int64          `json:"child_run"` // the run that it called, 0 for none
	Progress    *Progress      `json:"progress"`  // how far it has come, if it runs and has told it
}

// Progress is how far an execution that runs has come, as it has told.
type Progress struct {
	Done  int    `json:"done"`
	Total int    `json:"total"` // 0: not known
	Text  string `json:"text"`  // what it is doing, one line
}

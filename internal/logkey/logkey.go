// Package logkey declares the attribute keys of log lines, once: whoever reads
// logs with a program relies on them. docs/operations.md lists them, and a test
// compares.
package logkey

// The keys. A line has those that it needs, beside slog's time, level and msg.
const (
	Error     = "error"     // what went wrong, one line
	Run       = "run"       // id of a run
	Namespace = "namespace" // of workflows and events
	Offset    = "offset"    // of an entry of the journal
	Fault     = "fault"     // what a part of Freshet panicked with
	Stack     = "stack"     // where that was
	Method    = "method"    // of an HTTP request
	Path      = "path"      // of an HTTP request, or of a file
	URL       = "url"       // where the server listens
	Home      = "home"      // directory
	PID       = "pid"       // process id
	Version   = "version"   // of the program
	Doing     = "doing"     // what was being done
	Instance  = "instance"  // of a keeper
	UID       = "uid"       // of another account
	Reason    = "reason"    // why something was done
	Log       = "log"       // path of a task's log
	Changed   = "changed"   // names of settings that were taken up
	Restart   = "restart"   // names of settings that wait for a restart

	Runs       = "runs"       // how many were removed
	Executions = "executions" // how many were removed
	Entries    = "entries"    // how many entries of the journal were removed
	Decisions  = "decisions"  // how many decisions about entries were removed
	Contents   = "contents"   // how many contents of files were removed
)

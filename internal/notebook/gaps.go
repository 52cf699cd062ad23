package notebook

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/freshet/freshet/internal/jupyter"
)

// gaps are what the kernel said and nobody could read.
type gaps struct {
	mu    sync.Mutex
	kinds []*gap
}

// gap are messages of a kind.
type gap struct {
	kind  string
	count int
	why   error // of the first
}

// heeded are the messages that a notebook would have recorded.
var heeded = []string{"stream", "display_data", "update_display_data", "execute_result", "error", "clear_output",
	"status", "execute_input", "comm_open", "comm_msg"}

// missing notes that a message, or a part of it, cannot be read. No error says
// that nothing is missing.
func (g *gaps) missing(kind string, why error) {
	if why == nil || !slices.Contains(heeded, kind) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, k := range g.kinds {
		if k.kind == kind {
			k.count++
			return
		}
	}
	g.kinds = append(g.kinds, &gap{kind, 1, why})
}

// warnings tell of them, and of what was dropped before it came to be read.
func (g *gaps) warnings(d jupyter.Dropped) (lines []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, k := range g.kinds {
		lines = append(lines, fmt.Sprintf("output may be missing: %s of the kernel cannot be read: %s", messages(int64(k.count), k.kind), k.why))
	}
	var parts []string
	if d.BadSignature > 0 {
		parts = append(parts, messages(d.BadSignature, "")+" with a wrong signature")
	}
	if d.Malformed > 0 {
		parts = append(parts, messages(d.Malformed, "malformed"))
	}
	if len(parts) > 0 {
		lines = append(lines, "output may be missing: of the kernel, "+strings.Join(parts, " and ")+" came")
	}
	return lines
}

func messages(n int64, kind string) string {
	if kind != "" {
		kind += " "
	}
	if n == 1 {
		return "1 " + kind + "message"
	}
	return fmt.Sprintf("%d %smessages", n, kind)
}

// unreadable stands for an error that cannot be read.
func unreadable() body {
	const what = "the kernel reported an error that cannot be read"
	return body{EName: "KernelError", EValue: what, Traceback: lines{"KernelError: " + what}}
}

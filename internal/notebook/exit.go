package notebook

import (
	"encoding/json"
	"fmt"

	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/nbformat"
)

// exitCalled tells whether the code called IPython's exit or quit, which ends
// the notebook, and with what. To an ipykernel the value is whether the kernel
// goes on; whoever gives one means what it means to sys.exit.
func exitCalled(reply *jupyter.Reply) (value any, called bool) {
	var r struct {
		Payload json.RawMessage `json:"payload"`
	}
	var payload []json.RawMessage
	if reply.Message.Decode(&r) != nil || json.Unmarshal(r.Payload, &payload) != nil {
		return nil, false // another kernel's
	}
	for _, raw := range payload {
		var p struct {
			Source text `json:"source"`
			Keep   any  `json:"keepkernel"`
		}
		if json.Unmarshal(raw, &p) == nil && p.Source == "ask_exit" {
			return p.Keep, true
		}
	}
	return nil, false
}

// exited is the failure of a notebook that called exit with a value. Its cell
// shows it as one that called sys.exit.
func (x *execution) exited(value any) *Failure {
	given := "True"
	switch v := value.(type) {
	case bool:
	case string:
		given = v
	default:
		raw, _ := json.Marshal(v) // it has come as JSON
		given = string(raw)
	}
	f := raised("SystemExit", given, []string{"SystemExit: " + given})
	x.document.change(func(*nbformat.Notebook) {
		x.document.record.fail(&nbformat.Output{Type: nbformat.Error, EName: f.EName, EValue: given, Traceback: f.Traceback})
	})
	x.live.say(f.Message)
	return f
}

// unanswered is the failure of a cell whose reply does not say how it ended;
// nil where it does.
func unanswered(reply *jupyter.Reply) *Failure {
	switch reply.Status {
	case jupyter.StatusOK, jupyter.StatusError:
		return nil
	case jupyter.StatusAborted, "abort": // before protocol 5.1
		return &Failure{Reason: KernelSilent, Message: "the kernel did not execute the cell"}
	}
	return &Failure{Reason: KernelSilent, Message: fmt.Sprintf("the kernel did not say how the cell ended, but %q", reply.Status)}
}

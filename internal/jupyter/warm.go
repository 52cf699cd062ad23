package jupyter

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Warm is how a kernel is started before anybody needs it: {dir} stands for
// its private directory, {secret} for the key of its messages and {keeper} for
// the process that keeps it.
type Warm struct {
	Args  []string
	Env   []string
	Files map[string]string // by name, in {dir}
}

// WarmFile is the connection file of a warm kernel, in its directory.
const WarmFile = "kernel.json"

// Keepable says whether a kernel of the kernelspec can be made ready for a
// notebook after it has started: MoveIn knows Python only.
func Keepable(spec *Spec) bool { return strings.EqualFold(spec.Language, "python") }

// KeepWarm says how a kernel is to be kept for notebooks with this environment.
func KeepWarm(spec *Spec, env []string) Warm {
	kept := slices.DeleteFunc(environ(spec, atStart(env)), func(v string) bool { return strings.HasPrefix(v, "JPY_PARENT_PID=") })
	slices.Sort(kept)
	file, _ := json.Marshal(Connection{
		Transport: IPC, IP: "{dir}/k", Key: "{secret}", SignatureScheme: "hmac-sha256", KernelName: spec.Name,
		ShellPort: 1, IOPubPort: 2, StdinPort: 3, ControlPort: 4, HeartbeatPort: 5,
	})
	return Warm{
		Args: spec.command("{dir}/" + WarmFile), Env: append(kept, "JPY_PARENT_PID={keeper}"),
		Files: map[string]string{WarmFile: string(file)},
	}
}

// startNames are the variables that a Python, or the loader, looks at when it
// starts: a kernel that has started with others cannot be given them.
var startNames = []string{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TMPDIR", "VIRTUAL_ENV"}

var startPrefixes = []string{"LC_", "LD_", "DYLD_", "PYTHON", "IPYTHON", "JUPYTER", "CONDA", "XDG_", "GLIBC_", "MALLOC_"}

// atStart is the part of an environment that has to be there from the start.
// The rest, a task's own values and its secrets, is given by MoveIn.
func atStart(env []string) []string {
	var kept []string
	for i, v := range env {
		name, _, _ := strings.Cut(v, "=")
		later := slices.ContainsFunc(env[i+1:], func(w string) bool { return strings.HasPrefix(w, name+"=") })
		early := slices.Contains(startNames, name) ||
			slices.ContainsFunc(startPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
		if early && !later {
			kept = append(kept, v)
		}
	}
	return kept
}

// MoveIn gives a warm kernel of spec the directory and the environment in
// which it would have been started, and leaves no other trace in it.
func (c *Client) MoveIn(ctx context.Context, spec *Spec, dir string, env []string) error {
	given := [][]byte{[]byte(dir)}
	for _, v := range environ(spec, env) {
		if !strings.HasPrefix(v, "JPY_PARENT_PID=") && strings.IndexByte(v, 0) < 0 {
			given = append(given, []byte(v))
		}
	}
	text := base64.StdEncoding.EncodeToString(bytes.Join(given, []byte{0})) // of bytes: they need not be UTF-8
	r, err := c.Execute(ctx, Request{Silent: true, Code: fmt.Sprintf(moveIn, text)}, nil)
	if err == nil && r.Status != StatusOK {
		err = fmt.Errorf("make a warm kernel ready: %s: %s", r.ErrorName, r.ErrorValue)
	}
	return err
}

// moveIn leaves what the kernel itself has set: what was not there when it
// started, over nothing, and what an ipykernel, or the process's keeper, sets
// over anything. All else is as it was given. A path that is in sys.path
// because the kernel was started there moves with it.
const moveIn = `def _freshet_move_in():
    import base64, os, sys, time
    before, (dir, *env) = os.getcwd(), base64.b64decode("%s").split(b"\0")
    os.chdir(dir)
    own = dict(os.environ)
    os.environ.clear()
    for v in env:
        name, _, value = v.partition(b"=")
        os.environb[name] = value
    for k, v in own.items():
        if k not in os.environ or k in ("FRESHET_KEEPER", "TERM", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "PAGER", "GIT_PAGER"):
            os.environ[k] = v
    time.tzset()
    sys.path[:] = [os.getcwd() if p == before else p for p in sys.path]
_freshet_move_in()
del _freshet_move_in
`

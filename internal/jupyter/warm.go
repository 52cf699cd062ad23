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
// over anything. All else is as it was given. What is in sys.path because the
// kernel was started where it was, as by a relative entry of PYTHONPATH, moves
// with it; what PYTHONPATH gives as an absolute path stays.
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
    made, absolute = {before: os.getcwd()}, set()
    for p in own.get("PYTHONPATH", "").split(os.pathsep):
        if os.path.isabs(p):
            absolute.add(os.path.abspath(p))
        else:
            was = os.path.abspath(before + "/" + p)
            made[was if p else before] = os.path.abspath(p)
            made.setdefault("/" + was.lstrip("/"), os.path.abspath(p))  # below "/" it begins with one "/" or two
    sys.path[:] = [p if p in absolute else made.get(p, p) for p in sys.path]
    try:
        shell = get_ipython()
        shell.starting_dir = os.getcwd()
        shell.user_ns["_dh"][0] = type(shell.user_ns["_dh"][0])(os.getcwd())
    except (AttributeError, IndexError, KeyError, NameError):
        pass  # it is another shell
_freshet_move_in()
del _freshet_move_in
`

// Flush writes out what the files hold that the code of a Python kernel has
// left open: whoever comes next reads them before this kernel has ended.
func (c *Client) Flush(ctx context.Context) error {
	_, err := c.Execute(ctx, Request{Silent: true, Code: flush}, nil)
	return err
}

const flush = `def _freshet_flush():
    import _io, gc
    for o in gc.get_objects():
        if isinstance(o, _io._IOBase):
            try:
                o.closed or o.flush()
            except Exception:
                pass
_freshet_flush()
del _freshet_flush
`

package cli

import (
	"bytes"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/freshet/freshet"
)

// broken is an output that takes nothing.
type broken struct{ errno syscall.Errno }

func (b broken) Write([]byte) (int, error) {
	return 0, &fs.PathError{Op: "write", Path: "/dev/stdout", Err: b.errno}
}

func TestOutputThatCannotBeWritten(t *testing.T) {
	const full = "error: cannot write the output: no space left on device\n"
	for name, test := range map[string]struct {
		errno  syscall.Errno
		format string
		exit   int
		says   string
	}{
		"full":              {syscall.ENOSPC, "table", 1, full},
		"full, plain":       {syscall.ENOSPC, "plain", 1, full},
		"full, JSON":        {syscall.ENOSPC, "json", 1, full},
		"nobody reads":      {syscall.EPIPE, "plain", 0, ""},
		"nobody reads JSON": {syscall.EPIPE, "json", exitInterrupted, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			exit := Main(Process{
				Args: []string{"freshet", "config", "list", "-o", test.format}, Dir: t.TempDir(), UserHome: t.TempDir(),
				Stdin: strings.NewReader(""), Stdout: broken{test.errno}, Stderr: &stderr,
			})
			if exit != test.exit || stderr.String() != test.says {
				t.Errorf("exit %d, %q; want %d, %q", exit, stderr.String(), test.exit, test.says)
			}
		})
	}
}

// What was wrong before is said, not what became of the output.
func TestOwnErrorComesFirst(t *testing.T) {
	a, _ := quiet(t)
	a.out.w = broken{syscall.ENOSPC}
	a.out.line("x")
	if err := a.written(exitFailed); err != exitFailed {
		t.Errorf("the error is %v", err)
	}
	if err := a.written(nil); freshet.CodeOf(err).ExitCode() != 1 {
		t.Errorf("the error is %v", err)
	}
}

// Following waits for a server that is away, but does not begin with that.
func TestFollowingNeedsAServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"run watch 1", "run logs 1 -f", "task logs 1 a -f", "event listen k"} {
		exit, _, stderr := call(t, []string{"FRESHET_SERVER=" + url}, strings.Fields(line)...)
		if exit != 4 || !strings.HasPrefix(stderr, "error: no server answers at "+url+"\n") {
			t.Errorf("%s: exit %d, %s", line, exit, stderr)
		}
	}
}

func TestNoRows(t *testing.T) {
	for name, test := range map[string]struct {
		format format
		none   noRows
		says   string
	}{
		"none yet": {tableFormat, noRows{of: "runs", namespace: "science", hint: "`freshet run start x` starts one"}, "no runs in namespace science yet\nhint: `freshet run start x` starts one\n"},
		"kept for a time": {tableFormat, noRows{of: "runs of x", kept: true, hint: "`freshet run start x` starts one"},
			"no runs of x: what is over is kept for a time only, see `retention`\nhint: `freshet run start x` starts one\n"},
		"everywhere": {tableFormat, noRows{of: "runs", filtered: true}, "no such runs\n"},
		"plain":      {plainFormat, noRows{of: "runs"}, ""},
	} {
		a, _ := quiet(t)
		var stdout, stderr bytes.Buffer
		a.out.w, a.err.w, a.flags.output = &stdout, &stderr, test.format
		if err := listOr(a, []freshet.Run(nil), runColumns, test.none); err != nil {
			t.Error(err)
		}
		if stdout.Len() > 0 || stderr.String() != test.says {
			t.Errorf("%s: %q on stdout, %q on stderr", name, stdout.String(), stderr.String())
		}
	}
}

package cli

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
)

func TestCommandLineErrors(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"unknown command":      {[]string{"rnu"}, "error: unknown command \"rnu\" for `freshet`\nhint: did you mean `freshet run`?\n"},
		"far from any":         {[]string{"zzzzzz"}, "error: unknown command \"zzzzzz\" for `freshet`\nhint: `freshet --help` shows the commands\n"},
		"of a group":           {[]string{"run", "lits"}, "error: unknown command \"lits\" for `freshet run`\nhint: did you mean `freshet run list`?\n"},
		"of a help":            {[]string{"help", "run", "lits"}, "error: unknown command \"lits\" for `freshet run`\nhint: did you mean `freshet run list`?\n"},
		"unknown flag":         {[]string{"run", "start", "x", "--wiat"}, "error: unknown flag --wiat of `freshet run start`\nhint: did you mean --wait?\n"},
		"unknown short flag":   {[]string{"version", "-x"}, "error: unknown flag -x of `freshet version`\nhint: `freshet version --help` shows the flags\n"},
		"format":               {[]string{"version", "-o", "xml"}, "error: invalid argument \"xml\" for \"-o, --output\" flag: \"xml\" is none of table, json, yaml, plain\nhint: `freshet version --help` shows the flags\n"},
		"missing argument":     {[]string{"task", "show", "7"}, "error: TASK is missing\nhint: usage: `freshet task show RUN TASK`\n"},
		"unexpected argument":  {[]string{"version", "now"}, "error: unexpected argument \"now\"\nhint: usage: `freshet version`\n"},
		"no offset":            {[]string{"why", "--event", "x"}, "error: --event takes the offset of an event, a whole number; \"x\" is none\nhint: `freshet why --help` shows the flags\n"},
		"a limit below 1":      {[]string{"run", "list", "--limit", "-3"}, "error: --limit is a whole number from 1\nhint: `freshet run list --help` shows the flags\n"},
		"a limit of 0":         {[]string{"event", "list", "--limit=0"}, "error: --limit is a whole number from 1\nhint: `freshet event list --help` shows the flags\n"},
		"no number":            {[]string{"run", "list", "--before", "q"}, "error: --before takes a whole number; \"q\" is none\nhint: `freshet run list --help` shows the flags\n"},
		"not built":            {[]string{"secret", "set", "X", "--foo"}, "error: `freshet secret` is not built yet\n"},
		"not built in a group": {[]string{"run", "rerun", "7", "--from-failed"}, "error: `freshet run rerun` is not built yet\n"},
		"help of none":         {[]string{"task", "approve", "--help"}, "error: `freshet task approve` is not built yet\n"},
		"a file to run":        {[]string{"run", "a.yaml", "-n", "x"}, "error: `run` works with workflows that have been uploaded, and a.yaml is a file\nhint: run it at once with `freshet exec a.yaml`\n"},
	} {
		t.Run(name, func(t *testing.T) {
			exit, stdout, stderr := call(t, nil, test.args...)
			if exit != 2 || stdout != "" {
				t.Errorf("exit %d, %q on stdout", exit, stdout)
			}
			if diff := cmp.Diff(test.says, stderr); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestExitCodes(t *testing.T) {
	for err, want := range map[error]int{
		nil:                                      0,
		freshet.Errorf(freshet.Invalid, "x"):     2,
		freshet.Errorf(freshet.NotFound, "x"):    3,
		freshet.Errorf(freshet.Unreachable, "x"): 4,
		freshet.Errorf(freshet.Conflict, "x"):    5,
		fmt.Errorf("wrapped: %w", freshet.Errorf(freshet.Conflict, "x")): 5,
		errors.New("x"): 1,
		exitFailed:      1,
		exitInvalid:     2,
		errInterrupted:  130,
	} {
		a, _ := quiet(t)
		if got := a.report(err); got != want {
			t.Errorf("%v exits with %d, want %d", err, got, want)
		}
	}
}

func TestErrorIsOneLine(t *testing.T) {
	a, out := quiet(t)
	a.report(freshet.Errorf(freshet.Invalid, "two\nlines").WithHint("and\nhint"))
	if diff := cmp.Diff("error: two lines\nhint: and hint\n", out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestHintsAreAsCalled(t *testing.T) {
	a, _ := quiet(t)
	a.name = "bin/freshet"
	a.tree = a.root()
	for hint, want := range map[string]string{
		"start one with `freshet server start`, or not": "start one with `bin/freshet server start`, or not",
		"`task list 7` shows its tasks":                 "`bin/freshet task list 7` shows its tasks",
		"`why 7 train` says why":                        "`bin/freshet why 7 train` says why",
		"write `run.status`":                            "write `run.status`",
		"did you mean `run`?":                           "did you mean `run`?",
		"`task lister`":                                 "`task lister`",
		"no command":                                    "no command",
	} {
		if got := a.asCalled(hint); got != want {
			t.Errorf("%q becomes %q, want %q", hint, got, want)
		}
	}
}

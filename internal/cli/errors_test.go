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
		"not built":            {[]string{"notebook", "run", "X", "--foo"}, "error: `freshet notebook` is not built yet\n"},
		"not built in a group": {[]string{"run", "rerun", "7", "--from-failed"}, "error: `freshet run rerun` is not built yet\n"},
		"help of none":         {[]string{"task", "artifacts", "--help"}, "error: `freshet task artifacts` is not built yet\n"},
		"nothing to wait for":  {[]string{"trigger", "add", "x"}, "error: it is not said what the trigger waits for\nhint: --event KEY waits for an event, --on any condition; for times there is `freshet schedule add`\n"},
		"an entry and more":    {[]string{"trigger", "add", "x", "--on", "event: a", "--if", "true"}, "error: --on is a whole entry\nhint: write `event:`, `if:`, `name:` and `with:` in it\n"},
		"no such entry file":   {[]string{"trigger", "add", "x", "--on", "@none.yaml"}, "error: cannot read none.yaml: no such file or directory\n"},
		"no cron":              {[]string{"schedule", "add", "x", "0 6 * *"}, "error: a cron expression has five fields, `0 6 * *` has 4\nhint: the fields are minute, hour, day of month, month, day of week: `0 6 * * *` is every day at six\n"},
		"globbed":              {[]string{"schedule", "add", "x", "0", "6", "a.txt", "b.txt", "c", "d"}, "error: '0 6 a.txt b.txt c d' is no schedule\nhint: put the five fields in quotes, so that the shell leaves * alone: '0 6 * * *'\n"},
		"a negative interval":  {[]string{"schedule", "preview", "every", "-5m"}, "error: -5m is no part of a schedule: nothing in it is negative\nhint: write a duration, such as every 10m, or five cron fields in quotes\n"},
		"a wrong flag there":   {[]string{"schedule", "preview", "@daily", "--timezon", "UTC"}, "error: unknown flag --timezon of `freshet schedule preview`\nhint: did you mean --timezone?\n"},
		"no zone":              {[]string{"schedule", "add", "x", "@daily", "--timezone", "paris"}, "error: there is no time zone `paris`\nhint: did you mean Europe/Paris?\n"},
		"never due":            {[]string{"schedule", "preview", "0 0 30 2 *"}, "error: `0 0 30 2 *` is never due: none of its months has such a day\nhint: February has at most 29 days; April, June, September and November have 30\n"},
		"no such time":         {[]string{"run", "start", "x", "--at", "2026-02-30 06:00"}, "error: there is no 2026-02-30 06:00: day out of range\n"},
		"a time that passed":   {[]string{"run", "start", "x", "--at", "2020-01-01 06:00"}, "error: 2020-01-01 06:00 has passed\nhint: without --at the run starts now\n"},
		"till before since":    {[]string{"event", "list", "--since", "1h", "--till", "2h"}, "error: --till 2h is not after --since 1h\n"},
		"from no offset":       {[]string{"event", "list", "--from", "-1"}, "error: --from takes the offset of an event, a whole number; \"-1\" is none\nhint: `freshet event list --help` shows the flags\n"},
		"listen from no time":  {[]string{"event", "listen", "k", "--from", "yesterday"}, "error: \"yesterday\" is neither an offset nor a time\nhint: offsets are whole numbers, as `freshet event list` shows them; times are written as 1h or 2026-11-20T06:00:00Z\n"},
		"no property":          {[]string{"namespace", "add", "x", "--property", "y"}, "error: the property \"y\" is not name=value\nhint: for example --property owner=ada\n"},
		"no object":            {[]string{"namespace", "add", "x", "--properties", "[1]"}, "error: --properties is not a JSON object\nhint: for example --properties '{\"owner\": \"ada\", \"cost\": 3}'\n"},
		"more than an object":  {[]string{"namespace", "add", "x", "--properties", "{} {}"}, "error: --properties has more than a JSON object\n"},
		"nothing to change":    {[]string{"namespace", "update", "x"}, "error: it is not said what to change\nhint: --property name=value sets a property, --remove name removes it\n"},
		"no id":                {[]string{"schedule", "pause", "etl"}, "error: \"etl\" is not the id of a schedule\nhint: ids are whole numbers, as `freshet schedule list` shows them\n"},
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

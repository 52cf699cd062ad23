package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
)

func TestCommandLineErrors(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"unknown command":           {[]string{"rnu"}, "error: unknown command \"rnu\" for `freshet`\nhint: did you mean `freshet run`?\n"},
		"far from any":              {[]string{"zzzzzz"}, "error: unknown command \"zzzzzz\" for `freshet`\nhint: `freshet --help` shows the commands\n"},
		"of a group":                {[]string{"run", "lits"}, "error: unknown command \"lits\" for `freshet run`\nhint: did you mean `freshet run list`?\n"},
		"of a help":                 {[]string{"help", "run", "lits"}, "error: unknown command \"lits\" for `freshet run`\nhint: did you mean `freshet run list`?\n"},
		"unknown flag":              {[]string{"run", "start", "x", "--wiat"}, "error: unknown flag --wiat of `freshet run start`\nhint: did you mean --wait?\n"},
		"unknown short flag":        {[]string{"version", "-x"}, "error: unknown flag -x of `freshet version`\nhint: `freshet version --help` shows the flags\n"},
		"format":                    {[]string{"version", "-o", "xml"}, "error: --output: \"xml\" is none of table, json, yaml, plain\nhint: `freshet version --help` shows the flags\n"},
		"no value of a flag":        {[]string{"task", "artifacts", "7", "x", "--to"}, "error: --to takes DIR, and nothing follows it\nhint: `freshet task artifacts --help` shows the flags\n"},
		"no value of a short flag":  {[]string{"version", "-o"}, "error: --output takes FORMAT, and nothing follows it\nhint: `freshet version --help` shows the flags\n"},
		"no truth":                  {[]string{"doctor", "--deep=7"}, "error: --deep is true or false; \"7\" is neither\nhint: `freshet doctor --help` shows the flags\n"},
		"no list":                   {[]string{"run", "list", "--status", "a\"b"}, "error: --status takes a list with commas, in which a quote has its other end; \"a\\\"b\" is none\nhint: `freshet run list --help` shows the flags\n"},
		"no flag at all":            {[]string{"version", "--=x"}, "error: --=x is no flag\nhint: `freshet version --help` shows the flags\n"},
		"from two places":           {[]string{"run", "rerun", "1", "--from", "load", "--from-failed"}, "error: --from-failed and --from exclude each other\nhint: `freshet run rerun --help` shows the flags\n"},
		"missing argument":          {[]string{"task", "show", "7"}, "error: TASK is missing\nhint: usage: `freshet task show RUN TASK`\n"},
		"unexpected argument":       {[]string{"version", "now"}, "error: unexpected argument \"now\"\nhint: usage: `freshet version`\n"},
		"no offset":                 {[]string{"why", "--event", "x"}, "error: --event takes the offset of an event, a whole number; \"x\" is none\nhint: `freshet why --help` shows the flags\n"},
		"a limit below 1":           {[]string{"run", "list", "--limit", "-3"}, "error: --limit is a whole number from 1\nhint: `freshet run list --help` shows the flags\n"},
		"a limit of 0":              {[]string{"event", "list", "--limit=0"}, "error: --limit is a whole number from 1\nhint: `freshet event list --help` shows the flags\n"},
		"no number":                 {[]string{"run", "list", "--before", "q"}, "error: --before takes a whole number; \"q\" is none\nhint: `freshet run list --help` shows the flags\n"},
		"nothing to wait for":       {[]string{"trigger", "add", "x"}, "error: it is not said what the trigger waits for\nhint: --event KEY waits for an event, --on any condition; for times there is `freshet schedule add`\n"},
		"an entry and more":         {[]string{"trigger", "add", "x", "--on", "event: a", "--if", "true"}, "error: --if cannot stand beside --on, which is a whole entry\nhint: write `event:`, `if:`, `name:` and `with:` in it\n"},
		"an entry and all":          {[]string{"trigger", "add", "x", "--on", "event: a", "-p", "x=1", "--name", "n", "--event", "b", "-f", "f"}, "error: --event, --name, -p, -f cannot stand beside --on, which is a whole entry\nhint: write `event:`, `if:`, `name:` and `with:` in it\n"},
		"an empty entry":            {[]string{"trigger", "add", "x", "--on", " "}, "error: the entry of --on is empty\nhint: for example --on 'event: data_arrived'\n"},
		"no text in an entry":       {[]string{"trigger", "add", "x", "--on", "event: \xff"}, "error: the entry is not valid UTF-8\nhint: encode binary data, for example with base64\n"},
		"no text":                   {[]string{"run", "start", "x", "-p", "s=\xff"}, "error: the parameter is not valid UTF-8\nhint: encode binary data, for example with base64\n"},
		"no text of a trigger":      {[]string{"schedule", "add", "x", "@daily", "-p", "s=\xff"}, "error: the parameter is not valid UTF-8\nhint: encode binary data, for example with base64\n"},
		"no text in JSON":           {[]string{"namespace", "add", "x", "--properties", "{\"a\": \"\xff\"}"}, "error: --properties is not valid UTF-8\nhint: encode binary data, for example with base64\n"},
		"no text of a property":     {[]string{"namespace", "update", "x", "--property", "a=\xff"}, "error: the property is not valid UTF-8\nhint: encode binary data, for example with base64\n"},
		"an empty time":             {[]string{"run", "start", "x", "--at", ""}, "error: \"\" is no time\nhint: write a time, such as 06:00, 2026-11-20 06:00 or 2026-11-20T06:00:00Z, or how long from now, such as +10m\n"},
		"an empty zone":             {[]string{"schedule", "add", "x", "@daily", "--timezone", ""}, "error: the time zone is empty\nhint: zones are called as in Europe/Paris, America/New_York or UTC\n"},
		"an empty zone ahead":       {[]string{"schedule", "preview", "@daily", "--timezone="}, "error: the time zone is empty\nhint: zones are called as in Europe/Paris, America/New_York or UTC\n"},
		"after a nickname":          {[]string{"schedule", "preview", "@hourly extra"}, "error: nothing follows @hourly\nhint: write @hourly alone, or five fields such as `0 6 * * *`\n"},
		"an endless interval":       {[]string{"schedule", "preview", "every", "9999999h"}, "error: an interval of `9999999h` is too long\nhint: at most 100 years lie between two ticks: every 36500d\n"},
		"listen to no key":          {[]string{"event", "listen", "a", ""}, "error: an event needs a key\n"},
		"listen to a long key":      {[]string{"event", "listen", strings.Repeat("k", 2000)}, "error: the key of an event is at most 1024 bytes long; this one has more\n"},
		"listen to none":            {[]string{"event", "listen", "a", "--count", "0"}, "error: --count is a whole number from 1\nhint: `freshet event listen --help` shows the flags\n"},
		"listen to fewer":           {[]string{"event", "listen", "a", "--count", "-2"}, "error: --count is a whole number from 1\nhint: `freshet event listen --help` shows the flags\n"},
		"a value with a minus":      {[]string{"event", "send", "n", "-5"}, "error: unknown flag -5 of `freshet event send`\nhint: -- stands before a value that begins with a minus: `freshet event send … -- -5`\n"},
		"a long name":               {[]string{"workflow", "show", strings.Repeat("k", 2000)}, "error: " + strings.Repeat("k", 39) + "… is not the name of a workflow: it has 2000 characters\nhint: names have at most 128\n"},
		"a bad namespace":           {[]string{"event", "list", "-n", "bad name"}, "error: \"bad name\" is not the name of a namespace\nhint: names consist of letters, digits, _ and -, and begin with a letter or _\n"},
		"a bad namespace in a name": {[]string{"run", "start", "bad name.etl"}, "error: \"bad name\" is not the name of a namespace\nhint: names consist of letters, digits, _ and -, and begin with a letter or _\n"},
		"before no id":              {[]string{"schedule", "list", "--before", "x"}, "error: --before takes the id of a schedule, a whole number; \"x\" is none\nhint: `freshet schedule list --help` shows the flags\n"},
		"no such entry file":        {[]string{"trigger", "add", "x", "--on", "@none.yaml"}, "error: cannot read none.yaml: no such file or directory\n"},
		"no cron":                   {[]string{"schedule", "add", "x", "0 6 * *"}, "error: a cron expression has five fields, `0 6 * *` has 4\nhint: the fields are minute, hour, day of month, month, day of week: `0 6 * * *` is every day at six\n"},
		"globbed":                   {[]string{"schedule", "add", "x", "0", "6", "a.txt", "b.txt", "c", "d"}, "error: '0 6 a.txt b.txt c d' is no schedule\nhint: put the five fields in quotes, so that the shell leaves * alone: '0 6 * * *'\n"},
		"a negative interval":       {[]string{"schedule", "preview", "every", "-5m"}, "error: -5m is no part of a schedule: nothing in it is negative\nhint: write a duration, such as every 10m, or five cron fields in quotes\n"},
		"a wrong flag there":        {[]string{"schedule", "preview", "@daily", "--timezon", "UTC"}, "error: unknown flag --timezon of `freshet schedule preview`\nhint: did you mean --timezone?\n"},
		"no zone":                   {[]string{"schedule", "add", "x", "@daily", "--timezone", "paris"}, "error: there is no time zone `paris`\nhint: did you mean Europe/Paris?\n"},
		"never due":                 {[]string{"schedule", "preview", "0 0 30 2 *"}, "error: `0 0 30 2 *` is never due: none of its months has such a day\nhint: February has at most 29 days; April, June, September and November have 30\n"},
		"no such time":              {[]string{"run", "start", "x", "--at", "2026-02-30 06:00"}, "error: there is no 2026-02-30 06:00: day out of range\n"},
		"a time that passed":        {[]string{"run", "start", "x", "--at", "2020-01-01 06:00"}, "error: 2020-01-01 06:00 has passed\nhint: without --at the run starts now\n"},
		"till before since":         {[]string{"event", "list", "--since", "1h", "--till", "2h"}, "error: --till 2h is not after --since 1h\n"},
		"from no offset":            {[]string{"event", "list", "--from", "-1"}, "error: --from takes the offset of an event, a whole number; \"-1\" is none\nhint: `freshet event list --help` shows the flags\n"},
		"listen from no time":       {[]string{"event", "listen", "k", "--from", "yesterday"}, "error: \"yesterday\" is neither an offset nor a time\nhint: offsets are whole numbers, as `freshet event list` shows them; times are written as 1h or 2026-11-20T06:00:00Z\n"},
		"no property":               {[]string{"namespace", "add", "x", "--property", "y"}, "error: the property \"y\" is not name=value\nhint: for example --property owner=ada\n"},
		"no object":                 {[]string{"namespace", "add", "x", "--properties", "[1]"}, "error: --properties is not a JSON object\nhint: for example --properties '{\"owner\": \"ada\", \"cost\": 3}'\n"},
		"more than an object":       {[]string{"namespace", "add", "x", "--properties", "{} {}"}, "error: --properties has more than a JSON object\n"},
		"nothing to change":         {[]string{"namespace", "update", "x"}, "error: it is not said what to change\nhint: --property name=value sets a property, --remove name removes it\n"},
		"no id":                     {[]string{"schedule", "pause", "etl"}, "error: \"etl\" is not the id of a schedule\nhint: ids are whole numbers, as `freshet schedule list` shows them\n"},
		"a number that is no run":   {[]string{"run", "show", "1.5"}, "error: \"1.5\" is no run\nhint: a run is its id, a whole number from 1, or the name of a workflow: its latest run\n"},
		"run 0":                     {[]string{"task", "list", "0"}, "error: \"0\" is no run\nhint: a run is its id, a whole number from 1, or the name of a workflow: its latest run\n"},
		"why of no run":             {[]string{"why", "1.5"}, "error: \"1.5\" is no run\nhint: a run is its id, a whole number from 1, or the name of a workflow: its latest run\n"},
		"a file to run":             {[]string{"run", "a.yaml", "-n", "x"}, "error: `run` works with workflows that have been uploaded, and a.yaml is a file\nhint: run it at once with `freshet exec a.yaml`\n"},
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

// What is said of one problem of an entry is said once; of several each, and
// then how many they are. Words that nobody reads are cut.
func TestErrorWithDiagnostics(t *testing.T) {
	one := freshet.Diagnostic{File: "trigger", Line: 1, Column: 7, Code: "c", Severity: freshet.SeverityError, Message: "wrong", Hint: "do it right"}
	first := freshet.Errorf(freshet.Invalid, "trigger:1:7: wrong").WithHint("do it right")
	for name, test := range map[string]struct {
		list []freshet.Diagnostic
		says string
	}{
		"one": {[]freshet.Diagnostic{one}, "error: trigger:1:7: wrong\nhint: do it right\n"},
		"two": {[]freshet.Diagnostic{one, one}, "trigger:1:7: error: wrong [c]\n  hint: do it right\ntrigger:1:7: error: wrong [c]\n  hint: do it right\n" +
			"error: there are 2 problems, and nothing was changed\n"},
	} {
		a, out := quiet(t)
		first.Diagnostics = test.list
		if exit := a.report(first); exit != 2 {
			t.Errorf("%s: exit %d", name, exit)
		}
		if diff := cmp.Diff(test.says, out.String()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	a, out := quiet(t)
	a.report(freshet.Errorf(freshet.NotFound, "no %s here", strings.Repeat("k", 2000)))
	if diff := cmp.Diff("error: no "+strings.Repeat("k", 59)+"… here\n", out.String()); diff != "" {
		t.Error(diff)
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

// A backup that was compressed is told from a file that is none.
func TestRestoreOfACompressedBackup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "y.tar.gz")
	if err := os.WriteFile(path, []byte("\x1f\x8b\x08rest"), 0o600); err != nil {
		t.Fatal(err)
	}
	exit, _, stderr := call(t, nil, "db", "restore", path)
	want := "error: " + path + " is compressed\nhint: `gunzip < " + path + " | freshet db restore -` restores it\n"
	if diff := cmp.Diff(want, stderr); diff != "" || exit != 2 {
		t.Errorf("exit %d %s", exit, diff)
	}
}

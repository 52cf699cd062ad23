package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	yaml "go.yaml.in/yaml/v4"
	"pgregory.net/rapid"

	"github.com/freshet/freshet"
)

// quiet is an app that writes into a buffer.
func quiet(t testing.TB) (*app, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	a := newApp(Process{Args: []string{"freshet"}, Dir: "/work", Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out}, func(error) {})
	return a, &out
}

// terminal is an app at a terminal of so many columns.
func terminal(t testing.TB, columns int, env ...string) (*app, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	return newApp(Process{
		Args: []string{"freshet"}, Env: env, Stdout: &out, Stderr: &out, StdoutTerminal: true, StderrTerminal: true,
		Size: func() (int, int) { return columns, 12 },
	}, func(error) {}), &out
}

func exampleRuns() []freshet.Run {
	at := time.Date(2025, 1, 2, 3, 4, 5, 6000, time.UTC)
	end := at.Add(90 * time.Second)
	return []freshet.Run{
		{ID: 12, Namespace: "default", Workflow: "etl", Status: freshet.Failed, Type: freshet.Manual, CreatedAt: at, StartedAt: &at, EndedAt: &end, Reason: "task a failed"},
		{ID: 7, Namespace: "science", Workflow: "x", Status: freshet.Queued, Type: freshet.ByEvent, CreatedAt: at, WaitingFor: "a place\tof\x1b[2J one"},
	}
}

func TestFormats(t *testing.T) {
	for f, want := range map[format]string{
		tableFormat: `
RUN   WORKFLOW      STATUS   TYPE     CREATED                 TOOK   REASON
 12   default.etl   failed   manual   2025-01-02T03:04:05Z   1m30s   task a failed
  7   science.x     queued   event    2025-01-02T03:04:05Z           waits for a place of\u001b[2J one
`,
		plainFormat: "\n" +
			"12\tdefault.etl\tfailed\tmanual\t2025-01-02T03:04:05.000006Z\t2025-01-02T03:04:05.000006Z\t2025-01-02T03:05:35.000006Z\ttask a failed\n" +
			"7\tscience.x\tqueued\tevent\t2025-01-02T03:04:05.000006Z\t\t\twaits for a place of\\u001b[2J one\n",
	} {
		a, out := quiet(t)
		a.flags.output = f
		if err := list(a, exampleRuns(), runColumns); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), out.String()); diff != "" {
			t.Errorf("%s: %s", f, diff)
		}
	}
}

func TestNothing(t *testing.T) {
	for f, want := range map[format]string{tableFormat: "", plainFormat: "", jsonFormat: "[]\n", yamlFormat: "[]\n"} {
		a, out := quiet(t)
		a.flags.output = f
		if err := list(a, []freshet.Run(nil), runColumns); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("%s of nothing is %q, want %q", f, out, want)
		}
	}
}

func TestTerminal(t *testing.T) {
	a, out := terminal(t, 80)
	table(a, exampleRuns(), runColumns)
	if !strings.Contains(out.String(), "\x1b[31mfailed\x1b[0m") {
		t.Errorf("a failure is not red: %q", out)
	}
	for line := range strings.Lines(out.String()) {
		for _, code := range []string{"1", "2", "31"} {
			line = strings.ReplaceAll(line, "\x1b["+code+"m", "")
		}
		line = strings.TrimRight(strings.ReplaceAll(line, "\x1b[0m", ""), "\n")
		if n := len([]rune(line)); n > 80 {
			t.Errorf("%d columns do not fit: %q", n, line)
		}
		if strings.Contains(line, "\x1b") {
			t.Errorf("a value moves the cursor: %q", line)
		}
	}
	for _, env := range []string{"NO_COLOR=1", "TERM=dumb"} {
		a, out := terminal(t, 80, env)
		table(a, exampleRuns(), runColumns)
		if strings.Contains(out.String(), "\x1b") {
			t.Errorf("there are colours in spite of %s", env)
		}
	}
}

func TestYAMLSaysWhatJSONSays(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "no", "1", "1e3", "null", "2026-11-20", "- a", "a: b", "#", "\x1b", "\u2028", "😀", " x ", "a\nb\n"}))
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		simple := rapid.OneOf(rapid.Map(text, func(s string) any { return s }), rapid.Map(rapid.Int64Range(-1<<53, 1<<53), func(n int64) any { return n }),
			rapid.Just[any](nil), rapid.Map(rapid.Bool(), func(b bool) any { return b }), rapid.Map(rapid.Float64Range(-1e300, 1e300), func(f float64) any { return f }))
		if depth == 0 {
			return simple
		}
		return rapid.OneOf(simple, rapid.Map(rapid.SliceOfN(value(depth-1), 0, 3), func(l []any) any { return l }),
			rapid.Map(rapid.MapOfN(text, value(depth-1), 0, 3), func(m map[string]any) any { return m }))
	}
	rapid.Check(t, func(t *rapid.T) {
		v := value(3).Draw(t, "value")
		var asJSON, asYAML bytes.Buffer
		if err := writeJSON(&asJSON, v); err != nil {
			t.Fatal(err)
		}
		if err := writeYAML(&asYAML, v); err != nil {
			t.Fatal(err)
		}
		var want, got any
		if err := json.Unmarshal(asJSON.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(asYAML.Bytes(), &got); err != nil {
			t.Fatalf("%v in %q", err, asYAML.String())
		}
		back, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		got = nil
		if err := json.Unmarshal(back, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\n%s", asYAML.String(), diff)
		}
	})
}

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"plain":          "plain",
		"a\nb\tc\r\n":    "a b c",
		"\x1b[2Jx":       `\u001b[2Jx`,
		"über 😀":         "über 😀",
		"\x00":           `\u0000`,
		"bad \xff bytes": "bad \ufffd bytes",
	} {
		if got := oneLine(text); got != want {
			t.Errorf("oneLine(%q) is %q, want %q", text, got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	zone := time.FixedZone("there", 2*3600)
	c := clock{now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), zone: zone, short: true}
	for at, want := range map[time.Time]string{
		time.Date(2026, 11, 20, 6, 30, 1, 0, time.UTC):  "08:30:01",
		time.Date(2026, 11, 19, 23, 30, 0, 0, time.UTC): "01:30:00",
		time.Date(2026, 11, 19, 6, 30, 0, 0, time.UTC):  "Nov 19 08:30",
		time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC):  "Jan 01 01:00",
		time.Date(2025, 11, 19, 6, 30, 0, 0, time.UTC):  "2025-11-19 08:30",
		{}: "",
	} {
		if got := c.time(at); got != want {
			t.Errorf("%s is %q, want %q", at, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0ms", 999 * time.Millisecond: "999ms", 59990 * time.Millisecond: "59.9s", 61 * time.Second: "1m01s",
		3*time.Hour + 59*time.Minute + 59*time.Second: "3h59m", 49 * time.Hour: "2d01h",
	} {
		if got := span(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

func TestSince(t *testing.T) {
	a, _ := quiet(t)
	a.Location = time.FixedZone("there", 2*3600)
	now := time.Now()
	for text, ago := range map[string]time.Duration{"90m": 90 * time.Minute, "24h": 24 * time.Hour, "0s": 0} {
		got, err := a.since(text)
		if d := now.Sub(got) - ago; err != nil || d.Abs() > time.Minute {
			t.Errorf("%s is %s, %v", text, got, err)
		}
	}
	if got, err := a.since("7d"); err != nil || now.Sub(got) < 6*24*time.Hour || now.Sub(got) > 8*24*time.Hour {
		t.Errorf("7d is %s, %v", got, err)
	}
	for text, want := range map[string]string{
		"2026-11-20":           "2026-11-19T22:00:00Z",
		"2026-11-20 06:00":     "2026-11-20T04:00:00Z",
		"2026-11-20T06:00:00Z": "2026-11-20T06:00:00Z",
	} {
		got, err := a.since(text)
		if err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%s is %s, %v, want %s", text, got.UTC(), err, want)
		}
	}
	for _, text := range []string{"yesterday", "-1h", "7 d", "7days", "2026-13-01"} {
		if _, err := a.since(text); freshet.CodeOf(err) != freshet.Invalid {
			t.Errorf("%q is accepted: %v", text, err)
		}
	}
	if got, err := a.since(""); err != nil || !got.IsZero() {
		t.Errorf("nothing is %s, %v", got, err)
	}
}

package server_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	pb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

const (
	hidden  = `h1dden "Wert" & more`
	inEnv   = "value-of-the-variable"
	private = "private-parameter-4711"
)

// secretive uses a secret in all places, and gives it away in all ways.
const secretive = `name: secretive
parameters:
  password: {type: string, writeOnly: true}
env:
  TOKEN: "${{ secrets.TOKEN }}"
  BOTH: "${{ env.TOKEN }}/${{ secrets.FROM_ENV }}/${{ run.id }}"
tasks:
  prints:
    bash: |
      echo "plain $TOKEN and $BOTH and $PASSWORD"
      printf %s "$TOKEN" | base64 -w0; echo
      printf %s "user:$TOKEN" | base64 -w0; echo
      printf %s "$TOKEN" >&2
    env: {PASSWORD: "${{ params.password }}"}
  outputs:
    after: prints
    bash: |
      { echo "plain=a $TOKEN b"; echo "coded=$(printf %s "$TOKEN" | base64 -w0)"; echo "kept=$BOTH"; echo "other=12"; } >> "$FRESHET_OUTPUT"
    outputs: {other: integer}
  argument:
    after: outputs
    command: [bash, -c, 'test "$1" = "$TOKEN" && echo "$1" "$2"', x, "${{ secrets.TOKEN }}", "${{ tasks.outputs.outputs.other }}"]
  input:
    after: argument
    bash: 'cat "$FRESHET_INPUT"'
    with: {k: "${{ secrets.TOKEN }}", list: ["${{ secrets.FROM_ENV }}", 1], n: "${{ params.password }}"}
  misdeclared: {after: input, allow_failure: true, bash: 'echo "n=$TOKEN" > "$FRESHET_OUTPUT"', outputs: {n: integer}}
  broken: {after: input, allow_failure: true, bash: 'echo "$TOKEN" > "$FRESHET_OUTPUT"'}
  nowhere: {after: input, allow_failure: true, bash: "true", working_dir: "/nowhere/${{ secrets.TOKEN }}"}
  program: {after: input, allow_failure: true, command: ["/nowhere/${{ secrets.TOKEN }}"]}
  missing: {after: input, allow_failure: true, bash: "true", env: {X: "${{ secrets.NOT_SET }}"}}
  calls: {after: input, allow_failure: true, http: {method: GET, url: "http://127.0.0.1:1/${{ secrets.FROM_ENV }}", headers: {Authorization: "Bearer ${{ env.TOKEN }}"}}}
  each: {after: input, foreach: [a, b], bash: 'test "$X" = "a$TOKEN" -o "$X" = "b$TOKEN"', env: {X: "${{ item }}${{ secrets.TOKEN }}"}}
  guarded: {after: input, bash: 'test "$X" = none', env: {X: "${{ has(secrets.NOT_SET) ? secrets.NOT_SET : 'none' }}"}}
  asks: {after: input, if: params.password == "x", bash: "true"}
  says: {after: input, allow_failure: true, bash: 'echo "reason=no luck with $TOKEN and $PASSWORD" >> "$FRESHET_OUTPUT"; exit 3', env: {PASSWORD: "${{ params.password }}"}}
  cut: {after: input, allow_failure: true, bash: '{ printf reason=%0480d 0; echo " $TOKEN"; } >> "$FRESHET_OUTPUT"; exit 3'}
  halved: {after: input, allow_failure: true, bash: '{ printf reason=%0480d 0; echo " $PASSWORD"; } >> "$FRESHET_OUTPUT"; exit 3', env: {PASSWORD: "${{ params.password }}"}}
  lines: {after: input, allow_failure: true, bash: '{ printf %040d 0; echo " $PASSWORD"; } >> "$FRESHET_OUTPUT"', env: {PASSWORD: "${{ params.password }}"}}
  called: {after: input, allow_failure: true, workflow: reveals, with: {word: "${{ params.password }}"}}
  leaves:
    after: input
    bash: 'mkdir -p "kept/$PASSWORD" && echo x > "kept/$PASSWORD/$PASSWORD.txt" && echo y > "kept/of $TOKEN"'
    env: {PASSWORD: "${{ params.password }}"}
    artifacts: kept/**
  tells:
    after: input
    bash: |
      printf %s "$FRESHET_TOKEN" > new && mv new token
      until test -e go; do read -t 0.02 <> <(:) || :; done
outputs: {kept: tasks.outputs.outputs.kept}
`

// reveals is called, and fails in words of its own that quote what it was
// given.
const reveals = `name: reveals
parameters:
  word: {type: string, writeOnly: true}
tasks:
  fails: {env: {WORD: "${{ params.word }}"}, bash: '{ printf reason=%070d 0; printf " $WORD "; printf %084d 0; echo; } >> "$FRESHET_OUTPUT"; exit 4'}
`

// halves are the beginnings and ends of values, as a cut would leave them.
func halves(values ...string) (list [][]byte) {
	for _, v := range values {
		list = append(list, []byte(v[:len(v)/2]), []byte(v[len(v)/2:]))
	}
	return list
}

// traces are the forms of a value that are looked for.
func traces(values ...string) [][]byte {
	var forms [][]byte
	for _, v := range values {
		quoted, _ := json.Marshal(v)
		forms = append(forms, []byte(v), bytes.Trim(quoted, `"`), []byte(base64.StdEncoding.EncodeToString([]byte(v))),
			[]byte(base64.StdEncoding.EncodeToString([]byte("user:"+v))))
	}
	return forms
}

// searched fails where a form of a value stands in a text.
func searched(t *testing.T, where string, text []byte, forms [][]byte) {
	t.Helper()
	for _, form := range forms {
		if at := bytes.Index(text, form); at >= 0 {
			t.Errorf("%s holds %q: …%q", where, form, text[max(0, at-80):min(len(text), at+len(form)+20)])
		}
	}
}

// searchHome looks through every file of a home but those below some of its
// directories.
func searchHome(t *testing.T, home string, forms [][]byte, but ...string) (files int) {
	t.Helper()
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // files of the moment
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, _ := filepath.Rel(home, path)
		if top, _, _ := strings.Cut(rel, string(filepath.Separator)); slices.Contains(but, top) {
			return nil
		}
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		files++
		searched(t, rel, raw, forms)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// run runs a command of the program and gives what it writes.
func run(t *testing.T, p *process, stdin string, args ...string) string {
	t.Helper()
	cmd := command(p.home, append([]string{"--server", p.url}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out)
}

func serveSecretive(t *testing.T, home string, env ...string) *process {
	cmd := command(home, "server", "start", "--listen", "127.0.0.1:0")
	cmd.Env = append(append(cmd.Env, "FRESHET_SECRET_FROM_ENV="+inEnv), env...)
	return serveCommand(t, home, cmd)
}

// TestSecretsStayWhereTheyBelong: a secret is in its task's environment and in
// the raw log, and in nothing else that the server writes or answers.
func TestSecretsStayWhereTheyBelong(t *testing.T) {
	home := newHome(t)
	c := receive(t)
	p := serveSecretive(t, home, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL)
	if out := run(t, p, hidden+"\n", "secret", "set", "TOKEN"); out != "Secret: TOKEN set.\n" {
		t.Fatalf("set: %s", out)
	}
	p.keep(secretive, reveals)
	r, err := p.StartRun(t.Context(), "default", "secretive", "", freshet.RunRequest{Parameters: map[string]any{"password": private}})
	if err != nil {
		t.Fatal(err)
	}
	p.tells(r.ID, append(traces(hidden, private), halves(hidden, private)...))
	if r = p.wait(r.ID); r.Status != freshet.Success {
		t.Fatalf("the run ended %s: %s\n%s", r.Status, r.Reason, run(t, p, "", "why", "1"))
	}
	for task, want := range map[string][]string{
		"prints":      {"success"},
		"outputs":     {"success"},
		"argument":    {"success"},
		"misdeclared": {"failed", "outputs", "***"},
		"broken":      {"failed", "outputs", "***"},
		"nowhere":     {"failed", "start_failed", "/nowhere/***"},
		"program":     {"failed", "start_failed", "/nowhere/***"},
		"missing":     {"failed", "start_failed", "there is no secret NOT_SET", "freshet secret set NOT_SET"},
		"calls":       {"failed"},
		"guarded":     {"success"},
		"asks":        {"skipped"},
		"says":        {"failed", "exit", "no luck with *** and *** (exit code 3)"},
		"cut":         {"failed", "exit", "0 *** (exit code 3)"},
		"halved":      {"failed", "exit", "0 *** (exit code 3)"},
		"lines":       {"failed", "outputs", "***"},
		"called":      {"failed", "exit", "run 2 failed: "},
		"leaves":      {"success"},
	} {
		x := p.latest(r.ID, task)
		for _, word := range want {
			if !strings.Contains(string(x.Status)+" "+string(x.Code)+" "+x.Reason, word) {
				t.Errorf("%s ended %s %s: %s; %q is not in it", task, x.Status, x.Code, x.Reason, word)
			}
		}
	}
	want := map[string]any{"plain": "a *** b", "coded": "***", "kept": "***/***/1", "other": int64(12)}
	if x := p.latest(r.ID, "outputs"); len(x.Outputs) != 4 || x.Outputs["plain"] != want["plain"] || x.Outputs["coded"] != want["coded"] || x.Outputs["kept"] != want["kept"] {
		t.Errorf("outputs: %v", x.Outputs)
	}
	if r.Parameters["password"] != "***" || r.Outputs["kept"] != "***/***/1" {
		t.Errorf("the run: %v, %v", r.Parameters, r.Outputs)
	}

	secrets := traces(hidden, inEnv)
	for _, task := range []string{"prints", "input", "argument"} {
		raw, err := os.ReadFile(p.latest(r.ID, task).Log)
		if err != nil || !bytes.Contains(raw, []byte("h1dden")) {
			t.Errorf("the process of %s did not get its secret: %s, %v", task, raw, err)
		}
	}
	if info, err := os.Stat(p.latest(r.ID, "prints").Log); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the raw log: %v, %v", info, err)
	}
	both := append(append(secrets, traces(private)...), halves(hidden, inEnv, private)...)
	file := filepath.Join(t.TempDir(), "secretive.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(secretive, "  guarded:", "  differs: {bash: 'echo \"$TOKEN\"'}\n  guarded:", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"run", "logs", "1"}, {"task", "logs", "1", "prints"}, {"task", "logs", "1", "prints", "-f"}, {"run", "logs", "1", "-f", "-o", "json"},
		{"run", "show", "1"}, {"run", "show", "1", "-o", "json"}, {"run", "list", "-o", "json"}, {"task", "list", "1", "-o", "json"}, {"task", "show", "1", "prints", "-o", "json"},
		{"task", "show", "1", "misdeclared"}, {"why", "1"}, {"why", "1", "asks"}, {"why", "1", "broken"}, {"task", "logs", "1", "calls"}, {"why", "1", "calls"}, {"why", "1", "nowhere", "-o", "json"}, {"why", "secretive"},
		{"event", "list", "-o", "json"}, {"workflow", "show", "secretive", "-o", "json"}, {"secret", "list"}, {"secret", "list", "-o", "json"}, {"trigger", "list"},
		{"task", "artifacts", "1", "leaves"}, {"task", "artifacts", "1", "leaves", "-o", "json"}, {"task", "show", "1", "leaves", "-o", "json"}, {"task", "show", "1", "says"}, {"why", "1", "halved"},
		{"why", "1", "lines"}, {"why", "1", "called"}, {"why", "2"}, {"run", "show", "2", "-o", "json"}, {"task", "list", "2", "-o", "json"}, {"workflow", "diff", file}} {
		out := run(t, p, "", args...)
		if strings.HasPrefix(out, "error") {
			t.Errorf("%v: %s", args, out)
		}
		searched(t, strings.Join(args, " "), []byte(out), both)
	}
	if out := run(t, p, "", "why", "1", "asks"); !strings.Contains(out, "***") {
		t.Errorf("why: %s", out)
	}
	var feed bytes.Buffer
	p.until(client.FeedQuery{From: client.FromStart}, func(m freshet.Message) bool {
		_ = json.NewEncoder(&feed).Encode(m)
		return m.Kind == "run_ended"
	})
	searched(t, "the feed", feed.Bytes(), both)
	spans := c.toldOf("1")
	for _, s := range spans {
		raw, err := proto.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		searched(t, "the span of "+about(s), raw, both)
	}
	for name, want := range map[string]string{"1 says": "exit code 3", "1 says try 1": "exit code 3", "1 called": "exit", "2 fails": "exit code 4", "2": "exit", "1 lines": "outputs"} {
		if got := spans[name].GetStatus().GetMessage(); got != want {
			t.Errorf("a collector is told of %s: %q, not %q", name, got, want)
		}
	}
	searched(t, "the server's log", []byte(p.said()), both)
	if n := searchHome(t, home, secrets, "logs", "work"); n < 5 { // what tasks were given goes when their ends are released
		t.Errorf("only %d files were searched", n)
	}
	p.end()
	searchHome(t, home, secrets, "logs")
}

// tells lets the task `tells` say how far it has come, with hidden values
// within its text and where that is cut, looks for them in what is shown, and
// lets the task end.
func (p *process) tells(run int64, forms [][]byte) {
	p.t.Helper()
	p.started(run, "tells")
	in := filepath.Join(p.home, "work/default/secretive", itoa(int(run)))
	soon(p.t, "a token", func() bool { _, err := os.Stat(filepath.Join(in, "token")); return err == nil })
	token, err := os.ReadFile(filepath.Join(in, "token"))
	if err != nil {
		p.t.Fatal(err)
	}
	task, err := client.New(client.Config{URL: p.url, Token: string(token)})
	if err != nil {
		p.t.Fatal(err)
	}
	defer task.Close()
	for _, value := range []string{hidden, private} {
		for _, before := range []int{0, 200 - len(value) + 4} {
			text := strings.Repeat("-", before) + value
			if err := task.SetProgress(p.t.Context(), run, freshet.Progress{Done: 1, Text: text}); err != nil {
				p.t.Fatal(err)
			}
			x := p.latest(run, "tells")
			if x.Progress == nil || !strings.HasSuffix(x.Progress.Text, "***") {
				p.t.Errorf("%q is shown as %+v", text, x.Progress)
				continue
			}
			searched(p.t, "the progress", []byte(x.Progress.Text), forms)
		}
	}
	if err := os.WriteFile(filepath.Join(in, "go"), nil, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// toldOf waits until a collector has been told of the end of a run, and gives
// all that it has been told.
func (c *receiver) toldOf(run string) map[string]*pb.Span {
	c.t.Helper()
	spans := map[string]*pb.Span{}
	soon(c.t, "the span of run "+run, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, s := range c.spans {
			spans[about(s)] = s
		}
		return spans[run] != nil
	})
	return spans
}

// TestSecretsAfterCrashes: a server that is killed while runs with secrets go
// on completes their starts from the sources again, and leaves no trace.
func TestSecretsAfterCrashes(t *testing.T) {
	home := newHome(t)
	p := serveSecretive(t, home)
	run(t, p, hidden, "secret", "set", "TOKEN")
	var y strings.Builder
	y.WriteString("name: chain\nenv: {T: \"${{ secrets.TOKEN }}\", E: \"${{ env.T }}${{ secrets.FROM_ENV }}\"}\ntasks:\n")
	for i := range 30 {
		after := ""
		if i > 0 {
			after = "after: t" + itoa(i-1) + ", "
		}
		y.WriteString("  t" + itoa(i) + ": {" + after + `with: {k: "${{ secrets.TOKEN }}"}, bash: 'test "${#E}" = 41; echo "o=$E" >> "$FRESHET_OUTPUT"; cat "$FRESHET_INPUT"'}` + "\n")
	}
	p.keep(y.String())
	id := p.start("chain")
	for i := range 8 {
		n := 1 + 5*i%7
		p.until(client.FeedQuery{From: client.FromNow}, func(m freshet.Message) bool { n--; return n <= 0 || m.Kind == "run_ended" })
		p.kill()
		p = serveSecretive(t, home)
	}
	if r := p.wait(id); r.Status != freshet.Success {
		t.Fatalf("the run ended %s: %s", r.Status, r.Reason)
	}
	if x := p.latest(id, "t29"); x.Outputs["o"] != "***" {
		t.Errorf("outputs: %v", x.Outputs)
	}
	p.end()
	searchHome(t, home, traces(hidden, inEnv), "logs")
}

// TestSecretsOfExec: a workflow that is run at once has those of the caller's
// environment and home, and its output is masked.
func TestSecretsOfExec(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	run(t, p, hidden, "secret", "set", "TOKEN")
	p.end()
	dir := t.TempDir()
	file := filepath.Join(dir, "w.yaml")
	source := `name: w
tasks:
  t: {bash: 'echo "it is $A and $B"; test "${#A}" = 20', env: {A: "${{ secrets.TOKEN }}", B: "${{ secrets.FROM_ENV }}"}}
`
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "exec", file)
	cmd.Env = append(command(home).Env, "FRESHET_SECRET_FROM_ENV="+inEnv, "TMPDIR="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "it is *** and ***") {
		t.Errorf("%v\n%s", err, out)
	}
	searched(t, "the output", out, traces(hidden, inEnv))
}

// TestSecretsAreTheHomesOnly: a task's token can neither read the names of
// secrets nor set any.
func TestSecretsAreTheHomesOnly(t *testing.T) {
	p := serve(t, newHome(t))
	run(t, p, hidden, "secret", "set", "TOKEN")
	p.keep("name: w\ntasks:\n  t: {bash: 'freshet secret list && exit 1; echo x | freshet secret set TOKEN && exit 1; freshet secret delete TOKEN -y && exit 1; true'}\n")
	if r := p.wait(p.start("w")); r.Status != freshet.Success {
		t.Errorf("the run ended %s: %s\n%s", r.Status, r.Reason, run(t, p, "", "run", "logs", "1"))
	}
}

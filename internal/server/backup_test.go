package server_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// load is a workflow for backups: files, events, a task that is in flight.
const load = `name: load
ends: never
tasks:
  count: {start: {event: n, busy: queue}, bash: 'cat data.txt'}
`

const flying = `name: flying
tasks:
  t: {retries: {limit: 1, delay: 10ms, on: [lost]}, bash: 'if test "$FRESHET_TRY" = 1; then exec sleep 300; fi'}
`

// TestBackupUnderLoad makes backups while events are accepted and decided, and
// makes new homes of them: all that had been acknowledged is there, decided
// once, and what was in flight ends lost and is tried again.
func TestBackupUnderLoad(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	dir := t.TempDir()
	file := filepath.Join(dir, "load.yaml")
	for name, text := range map[string]string{file: load, filepath.Join(dir, "data.txt"): "data of the workflow\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := command(home, "workflow", "upload", file, "--files", "data.txt").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.keep(flying)
	run, flight := p.start("load"), p.start("flying")
	p.started(flight, "t")

	ctx, stop := context.WithCancel(t.Context())
	var senders sync.WaitGroup
	var mu sync.Mutex
	sent := []int64{}
	for range 4 {
		senders.Go(func() {
			for ctx.Err() == nil {
				r, err := p.SendEvent(t.Context(), "default", freshet.EventRequest{Key: "n"})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				sent = append(sent, r.Offset)
				mu.Unlock()
			}
		})
	}
	known := func() []int64 { mu.Lock(); defer mu.Unlock(); return slices.Clone(sent) }
	soon(t, "some load", func() bool { return len(known()) > 50 })
	const many = 3
	files, before := make([]string, many), make([][]int64, many)
	for i := range many {
		before[i] = known()
		files[i] = filepath.Join(dir, "b"+itoa(i)+".tar")
		args := []string{"db", "backup", files[i]}
		if i == many-1 {
			args = append(args, "--logs")
		}
		if out, err := command(home, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	stop()
	senders.Wait()
	left, err := filepath.Glob(filepath.Join(home, ".backup-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%q is left, %v", left, err)
	}
	for i, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { restoredHome(t, file, run, flight, before[i], i == many-1) })
	}
}

// restoredHome makes a home of a backup and looks at it through a server.
func restoredHome(t *testing.T, file string, run, flight int64, acknowledged []int64, logs bool) {
	home := newHome(t)
	if out, err := command(home, "db", "restore", file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := command(home, "doctor", "--deep").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p := serve(t, home)
	if r := p.wait(flight); r.Status != freshet.Success {
		t.Errorf("what was in flight ended %s: %s", r.Status, r.Reason)
	}
	tries := p.tries(flight, "t")
	if len(tries) != 2 || tries[0].Code != freshet.CodeLost {
		t.Errorf("its tries are %+v", tries)
	}
	there := map[int64]bool{}
	last := int64(0)
	for q := (client.EventQuery{Namespace: "default", Keys: []string{"n"}, Limit: 500, Oldest: true}); ; {
		page, err := p.EventPage(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Items {
			last, there[e.Offset] = e.Offset, true
		}
		if q.Cursor = page.Newer; page.Newer == "" || len(page.Items) == 0 {
			break
		}
	}
	for _, offset := range acknowledged {
		if !there[offset] {
			t.Fatalf("event %d, acknowledged before the backup, is not there (the last is %d)", offset, last)
		}
	}
	count, err := p.CountEvents(t.Context(), client.EventQuery{Namespace: "default", Keys: []string{"n"}})
	if err != nil {
		t.Fatal(err)
	}
	// What was queued goes on, with the file that was uploaded.
	soon(t, "every event has had its start", func() bool {
		x := p.latest(run, "count")
		return int64(x.Seq) == count.Count && x.Status.Final()
	})
	if x := p.latest(run, "count"); x.Status != freshet.Success {
		t.Errorf("the last start ended %s: %s", x.Status, x.Reason)
	}
	part, err := p.Log(t.Context(), run, "count", client.LogQuery{})
	if err != nil || string(part.Data) != "data of the workflow\n" {
		t.Errorf("it said %q, %v", part.Data, err)
	}
	_, err = os.Stat(filepath.Join(home, "logs", "default", "load", itoa(int(run)), "count", "1.1.log"))
	if (err == nil) != logs {
		t.Errorf("the log of the first start: %v", err)
	}
	if out, err := command(home, "why", itoa(int(run)), "count").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if id := p.start("flying"); id <= flight {
		t.Errorf("the id %d is given again", id)
	}
}

// tries are all tries of a task.
func (p *process) tries(run int64, task string) []freshet.Execution {
	p.t.Helper()
	x, err := p.Task(p.t.Context(), run, task)
	if err != nil {
		p.t.Fatal(err)
	}
	return x
}

// TestRestoreRefuses: what is no whole backup, or would cost something, is
// refused, and the home is as it was.
func TestRestoreRefuses(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	p.keep(patient)
	run := p.start("patient")
	p.started(run, "t")
	file := filepath.Join(t.TempDir(), "b.tar")
	if out, err := command(home, "db", "backup", file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(what, file, word string, exit int, args ...string) {
		t.Helper()
		cmd := command(home, append([]string{"db", "restore", file}, args...)...)
		out, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != exit || !strings.Contains(string(out), word) || !strings.Contains(string(out), "hint:") {
			t.Errorf("%s: exit %d\n%s", what, cmd.ProcessState.ExitCode(), out)
		}
	}
	refuse("a server has the home", file, "a server has the home", 5, "-y")
	p.kill()
	refuse("a task runs", file, "still running", 5, "-y")
	p = serve(t, home)
	letGo(t, home, itoa(int(run)))
	p.wait(run)
	p.end()
	refuse("there is a database", file, "has a database already", 5)
	variant := func(name string, change func([]byte) []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, change(slices.Clone(whole)), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	refuse("cut", variant("cut", func(b []byte) []byte { return b[:len(b)/2] }), "not whole", 2, "-y")
	refuse("one byte", variant("byte", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }), "damaged", 2, "-y")
	refuse("no backup", variant("text", func([]byte) []byte { return []byte("hello") }), "no backup", 2, "-y")
	refuse("a newer format", variant("newer", func(b []byte) []byte {
		return []byte(strings.Replace(string(b), `"format": 1`, `"format": 9`, 1))
	}), "newer", 5, "-y")

	// After all that the home is as it was.
	p = serve(t, home)
	if r, err := p.Run(t.Context(), run); err != nil || r.Status != freshet.Success {
		t.Errorf("%+v, %v", r, err)
	}
	later := p.start("patient")
	p.started(later, "t")
	letGo(t, home, itoa(int(later)))
	p.wait(later)
	p.end()
	out, err := command(home, "db", "restore", "-y", file, "-o", "json").Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var done struct{ Kept string }
	if err := json.Unmarshal(out, &done); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"freshet.db", filepath.Join("work", "default", "patient", itoa(int(later)))} {
		if _, err := os.Stat(filepath.Join(done.Kept, name)); err != nil {
			t.Errorf("what was there before is not kept: %v", err)
		}
	}
	p = serve(t, home)
	if _, err := p.Run(t.Context(), later); freshet.CodeOf(err) != freshet.NotFound {
		t.Errorf("a run after the backup: %v", err)
	}
	if r := p.wait(run); r.Status != freshet.Failed || r.Code != freshet.CodeLost {
		t.Errorf("what was in flight at the backup is %s, %s", r.Status, r.Code)
	}
}

// TestRestoreThatBrokeOff: from the moment at which a restore counts, whoever
// opens the home completes it.
func TestRestoreThatBrokeOff(t *testing.T) {
	home, other := newHome(t), newHome(t)
	p := serve(t, home)
	p.keep("name: ours\ntasks:\n  t: {expr: {x: 1}}\n")
	file := filepath.Join(t.TempDir(), "b.tar")
	if out, err := command(home, "db", "backup", file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.end()
	p = serve(t, home)
	p.keep("name: theirs\ntasks:\n  t: {expr: {x: 1}}\n")
	p.kill() // its write-ahead log stays
	if out, err := command(other, "db", "restore", file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// As it is after the old database was set aside, and before its log was.
	decided := filepath.Join(home, ".restore")
	if err := os.Mkdir(decided, 0o700); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{filepath.Join(other, "freshet.db"): filepath.Join(decided, "freshet.db"),
		filepath.Join(home, "freshet.db"): filepath.Join(t.TempDir(), "freshet.db")} {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(decided, "next_run"), []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	p = serve(t, home)
	list, err := p.Workflows(t.Context(), client.WorkflowQuery{Namespace: "default"})
	if err != nil || len(list) != 1 || list[0].Name != "ours" {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := os.Stat(decided); !os.IsNotExist(err) {
		t.Errorf("the restore is not over: %v", err)
	}
}

// TestBackupWithoutAServer: the home is enough.
func TestBackupWithoutAServer(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	p.keep("name: w\ntasks:\n  t: {expr: {x: 1}}\n")
	run := p.start("w")
	p.wait(run)
	p.end()
	file := filepath.Join(t.TempDir(), "b.tar")
	if out, err := command(home, "db", "backup", file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// Another server at its old address is not the one that is meant.
	stranger := newHome(t)
	serveCommand(t, stranger, command(stranger, "server", "start", "--listen", strings.TrimPrefix(p.url, "http://")))
	if out, err := command(home, "db", "backup", file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	other := newHome(t)
	if out, err := command(other, "db", "restore", file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if r, err := serve(t, other).Run(t.Context(), run); err != nil || r.Status != freshet.Success {
		t.Errorf("%+v, %v", r, err)
	}
	missing := command(filepath.Join(t.TempDir(), "none"), "db", "backup", file)
	if out, _ := missing.CombinedOutput(); missing.ProcessState.ExitCode() != 3 {
		t.Errorf("a home that is not there: %s", out)
	}
}

// TestBackupTellsNoSecrets: neither the token, nor the key, nor a value; but
// with the key of the old home the new one knows the value again.
func TestBackupTellsNoSecrets(t *testing.T) {
	const hidden = "a value that nobody may read"
	home, other := newHome(t), newHome(t)
	p := serve(t, home)
	set := command(home, "secret", "set", "HIDDEN")
	set.Stdin = strings.NewReader(hidden)
	if out, err := set.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := command(home, "db", "backup", "--logs", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(home, "secrets", "key"))
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"the value": hidden, "the token": p.token, "the key": strings.TrimSpace(string(key))} {
		if strings.Contains(string(out), text) {
			t.Errorf("the backup holds %s", what)
		}
	}
	restore := command(other, "db", "restore", "-")
	restore.Stdin = strings.NewReader(string(out))
	if out, err := restore.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(other, "secrets", "key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	p = serve(t, other)
	p.keep(`name: uses
tasks:
  t: {env: {V: "${{ secrets.HIDDEN }}"}, bash: 'test "$V" = "` + hidden + `"'}
`)
	if r := p.wait(p.start("uses")); r.Status != freshet.Success {
		t.Errorf("the run is %s, %s: %s", r.Status, r.Code, p.latest(r.ID, "t").Reason)
	}
}

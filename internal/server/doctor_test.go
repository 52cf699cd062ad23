package server_test

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// plant changes the database of a home that no server has.
func plant(t *testing.T, home, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(home, "freshet.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// diagnose runs the doctor, and gives what it found by name.
func diagnose(t *testing.T, home string, args ...string) (exit int, found map[string]freshet.Check) {
	t.Helper()
	cmd := command(home, append([]string{"doctor", "-o", "json"}, args...)...)
	out, err := cmd.Output()
	var list []freshet.Check
	if json.Unmarshal(out, &list) != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	found = map[string]freshet.Check{}
	for _, c := range list {
		found[c.Name] = c
		if (c.Hint == "") != (c.Result == freshet.CheckOK) {
			t.Errorf("%s: %s with the hint %q", c.Name, c.Result, c.Hint)
		}
	}
	return cmd.ProcessState.ExitCode(), found
}

// TestDoctor: a home that has seen work is sound, with and without its server;
// each fault that is planted is found, and only that.
func TestDoctor(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	p.keep(patient, `name: busy
ends: never
on:
  - every: 1h
tasks:
  a: {start: {event: go, busy: queue}, retries: 2, timeout: 1h, bash: 'exit 0'}
  b: {start: {all: [{event: x}, {event: y}], within: 1h}, bash: 'exit 1'}
`)
	run := p.start("patient")
	p.started(run, "t")
	p.start("busy")
	for range 3 {
		if _, err := p.SendEvent(t.Context(), "default", freshet.EventRequest{Key: "go"}); err != nil {
			t.Fatal(err)
		}
	}
	p.ready(200)
	trigger, err := p.Triggers(t.Context(), client.TriggerQuery{Namespace: "default"})
	if err != nil || len(trigger.Items) != 1 {
		t.Fatalf("%+v, %v", trigger, err)
	}
	if out, err := command(home, "trigger", "pause", itoa(int(trigger.Items[0].ID))).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	healthy := func(what string) {
		t.Helper()
		if exit, found := diagnose(t, home); exit != 0 || len(found) < 12 {
			t.Errorf("%s: exit %d, %+v", what, exit, found)
		}
	}
	healthy("a server that runs")
	p.kill()
	healthy("a server that was killed")
	for name, c := range map[string]struct{ harm, mend string }{
		"cursor":     {"UPDATE shard SET cursor_pos = cursor_pos + 1000000", "UPDATE shard SET cursor_pos = cursor_pos - 1000000"},
		"counters":   {"UPDATE shard SET next_run = 1", "UPDATE shard SET next_run = 100"},
		"executions": {"UPDATE runs SET status = 'success', ended_at = 1 WHERE workflow = 'patient'", "UPDATE runs SET status = 'running', ended_at = NULL WHERE workflow = 'patient'"},
		"timers":     {"INSERT INTO timers (kind, run, rule, node, task, item, seq, try, due) VALUES ('timeout', 77, 0, 0, 't', -1, 1, 1, 7)", "DELETE FROM timers WHERE run = 77"},
		"waits":      {"INSERT INTO waits (run, task, n, rule) VALUES (77, 't', 1, 1)", "DELETE FROM waits WHERE run = 77"},
		"paused":     {"INSERT INTO timers (kind, run, rule, node, task, item, seq, try, due) VALUES ('rule', 0, " + itoa(int(trigger.Items[0].ID)) + ", 0, '', -1, 0, 0, 7)", "DELETE FROM timers WHERE run = 0 AND due = 7"},
		"workflows":  {"UPDATE versions SET source = 'name: [' || source WHERE name = 'patient'", "UPDATE versions SET source = substr(source, 8) WHERE name = 'patient'"},
		"clock":      {"UPDATE shard SET time = time + 3600000000", "UPDATE shard SET time = time - 3600000000"},
	} {
		plant(t, home, c.harm)
		exit, found := diagnose(t, home)
		if name == "clock" {
			if exit != 0 || found[name].Result != freshet.CheckWarn {
				t.Errorf("%s: exit %d, %+v", name, exit, found[name])
			}
		} else if exit != 1 {
			t.Errorf("%s: exit %d", name, exit)
		}
		for _, c := range found {
			bad := c.Result == freshet.CheckFail || name == "clock" && c.Name == name
			if bad != (c.Name == name) {
				t.Errorf("%s planted, and %s is %s: %s", name, c.Name, c.Result, c.Detail)
			}
		}
		plant(t, home, c.mend)
	}
	healthy("mended")

	if err := os.Chmod(home, 0o755); err != nil {
		t.Fatal(err)
	}
	if exit, found := diagnose(t, home); exit != 1 || found["home"].Result != freshet.CheckFail {
		t.Errorf("an open home: exit %d, %+v", exit, found["home"])
	}
	if err := os.Chmod(home, 0o700); err != nil {
		t.Fatal(err)
	}
	p = serve(t, home)
	exit, found := diagnose(t, home, "--deep")
	if exit != 0 && found["server"].Result == freshet.CheckOK {
		t.Errorf("a server that has taken it over: exit %d, %+v", exit, found)
	}
	letGo(t, home, itoa(int(run)))
	p.wait(run)
	p.end()

	database := filepath.Join(home, "freshet.db")
	whole, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(whole); i += 8192 { // pages of it
		copy(whole[i:], strings.Repeat("x", 100))
	}
	if err := os.WriteFile(database, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if exit, found := diagnose(t, home); exit != 1 || found["database"].Result != freshet.CheckFail {
		t.Errorf("a damaged database: exit %d, %+v", exit, found["database"])
	}
}

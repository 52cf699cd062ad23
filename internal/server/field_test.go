package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// get makes a raw request, with the token if one is given.
func (p *process) get(path, token string) (status int, body string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.url+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// soon asks again and again until f says yes, at most half a minute.
func soon(t *testing.T, what string, f func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for !f() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("not within half a minute: %s", what)
		}
	}
}

// ready waits until /readyz answers with a status, and gives what it says.
func (p *process) ready(status int) (said string) {
	p.t.Helper()
	soon(p.t, "/readyz answers "+http.StatusText(status), func() bool {
		var got int
		got, said = p.get("/readyz", "")
		return got == status
	})
	return said
}

// scrape reads the metrics as Prometheus does.
func (p *process) scrape() map[string]*dto.MetricFamily {
	p.t.Helper()
	status, text := p.get("/metrics", p.token)
	if status != http.StatusOK {
		p.t.Fatalf("%d: %s", status, text)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		p.t.Fatal(err)
	}
	return families
}

// value is that of a metric with a label, or without one.
func value(f map[string]*dto.MetricFamily, name string, labels ...string) float64 {
	for _, m := range f[name].GetMetric() {
		has := map[string]string{}
		for _, l := range m.GetLabel() {
			has[l.GetName()] = l.GetValue()
		}
		fits := true
		for i := 0; i < len(labels); i += 2 {
			fits = fits && has[labels[i]] == labels[i+1]
		}
		if !fits {
			continue
		}
		switch {
		case m.GetCounter() != nil:
			return m.GetCounter().GetValue()
		case m.GetGauge() != nil:
			return m.GetGauge().GetValue()
		case m.GetHistogram() != nil:
			return float64(m.GetHistogram().GetSampleCount())
		}
	}
	return -1
}

// TestMetrics compares what is counted with what the lists say, after runs
// whose executions are written again and again: retries, several starts.
func TestMetrics(t *testing.T) {
	p := serve(t, newHome(t), "--slots", "5")
	p.keep(`name: busy
ends: never
tasks:
  again: {start: {event: go, busy: queue}, bash: 'exit 0'}
  after: {after: again, expr: {x: 1}}
  twice: {retries: {limit: 1, delay: 10ms}, bash: 'exit 3'}
  skipped: {if: 1 > 2, bash: 'exit 0'}
`, "name: fine\ntasks:\n  a: {bash: 'exit 0'}\n")
	if status, _ := p.get("/metrics", ""); status != http.StatusUnauthorized {
		t.Errorf("without a token /metrics answers %d", status)
	}
	var runs []int64
	for range 3 {
		runs = append(runs, p.start("busy"))
	}
	const sent = 7
	for range sent {
		if _, err := p.SendEvent(t.Context(), "default", freshet.EventRequest{Key: "go"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, run := range runs {
		soon(t, "all starts have ended", func() bool { x := p.latest(run, "again"); return x.Seq == sent && x.Status.Final() })
	}
	for _, run := range runs {
		soon(t, "the second try has ended", func() bool { x := p.latest(run, "twice"); return x.Try == 2 && x.Status.Final() })
		if _, err := p.StopRun(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		p.wait(run)
	}
	p.wait(p.start("fine"))
	want := map[freshet.Status]float64{}
	all, err := p.Runs(t.Context(), client.RunQuery{})
	if err != nil {
		t.Fatal(err)
	}
	ended := map[freshet.Status]float64{}
	for _, r := range all.Items {
		ended[r.Status]++
		list, err := p.Tasks(t.Context(), r.ID, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			if x.Seq > 0 && x.Status.Final() {
				want[x.Status]++
			}
		}
	}
	f := p.scrape()
	for _, status := range []freshet.Status{freshet.Success, freshet.Failed, freshet.Skipped, freshet.Stopped} {
		if got := value(f, "freshet_executions_ended_total", "status", string(status)); got != want[status] {
			t.Errorf("%v executions ended %s, and the lists have %v", got, status, want[status])
		}
		if got := value(f, "freshet_runs_ended_total", "status", string(status)); status != freshet.Skipped && got != ended[status] {
			t.Errorf("%v runs ended %s, and the list has %v", got, status, ended[status])
		}
	}
	if want[freshet.Success] < 3*sent || want[freshet.Failed] != 3 {
		t.Errorf("the runs did not do what this test is about: %v", want)
	}
	for name, want := range map[string]float64{"freshet_runs_started_total": 4, "freshet_events_accepted_total": sent, "freshet_slots": 5,
		"freshet_slots_used": 0, "freshet_runs_alive": 0, "freshet_journal_lag": 0, "freshet_keeper_up": 1, "freshet_keeper_attempts": 0,
		"freshet_ready": 1, "freshet_commits_failed_total": 0} {
		if got := value(f, name); got != want {
			t.Errorf("%s is %v, not %v", name, got, want)
		}
	}
	if got := value(f, "freshet_timer_late_seconds"); got < 3 { // the retries
		t.Errorf("%v due times were decided", got)
	}
	about, err := p.Server(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := value(f, "freshet_commit_duration_seconds"); got < 10 || got > float64(about.Commits) {
		t.Errorf("%v commits were measured, and there were %d", got, about.Commits)
	}
	for _, name := range []string{"process_start_time_seconds", "freshet_database_bytes", "freshet_database_wal_bytes", "freshet_disk_free_bytes", "freshet_build_info"} {
		if value(f, name) <= 0 {
			t.Errorf("%s is %v", name, value(f, name))
		}
	}
	p.get("/no/such/place", p.token)
	f = p.scrape()
	for _, c := range [][]string{{"route", "GET /metrics", "code", "200"}, {"route", "none", "code", "401"}, {"route", "none", "code", "404"},
		{"route", "POST /api/v1/namespaces/{ns}/events", "code", "200"}} {
		if value(f, "freshet_http_requests_total", c...) <= 0 {
			t.Errorf("no request is counted under %q: %v", c, f["freshet_http_requests_total"])
		}
	}
}

// TestSubscribersAreCounted: those who follow the feed, and no longer.
func TestSubscribersAreCounted(t *testing.T) {
	p := serve(t, newHome(t))
	resp, err := http.DefaultClient.Do(func() *http.Request {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/api/v1/feed", nil)
		r.Header.Set("Authorization", "Bearer "+p.token)
		return r
	}())
	if err != nil {
		t.Fatal(err)
	}
	soon(t, "one subscriber", func() bool { return value(p.scrape(), "freshet_feed_subscribers") == 1 })
	resp.Body.Close()
	soon(t, "none", func() bool { return value(p.scrape(), "freshet_feed_subscribers") == 0 })
}

// settings writes the settings of a home.
func settings(t *testing.T, home, text string) {
	t.Helper()
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "freshet.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestReload: what can change holds from now on, what cannot waits, and
// settings that cannot be read change nothing.
func TestReload(t *testing.T) {
	t.Setenv("PASS_ME_ON", "z")
	home := newHome(t)
	settings(t, home, "slots: 1\nlog_format: json\n")
	p := serve(t, home)
	p.keep(`name: two
tasks:
  a: {bash: 'until test -e go; do read -t 0.02 <> <(:) || :; done'}
  b: {bash: 'until test -e go; do read -t 0.02 <> <(:) || :; done'}
`, "name: env\ntasks:\n  t: {bash: 'echo \"got=$PASS_ME_ON\" >> \"$FRESHET_OUTPUT\"'}\n")
	run := p.start("two")
	p.started(run, "a")
	if st, err := p.Server(t.Context()); err != nil || st.Slots != 1 || st.Waiting != 1 {
		t.Fatalf("%+v, %v", st, err)
	}

	settings(t, home, "slots: 3\nlog_format: text\nlog_level: warn\ntask_env: [PASS_*]\nauth_token: not-shown\n")
	out, err := command(home, "server", "reload", "-o", "json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var changes []freshet.SettingChange
	if err := json.Unmarshal(out, &changes); err != nil {
		t.Fatal(err)
	}
	found := map[string]freshet.SettingChange{}
	for _, c := range changes {
		found[c.Name] = c
	}
	for _, want := range []freshet.SettingChange{
		{Name: "slots", From: "1", To: "3"}, {Name: "log_level", From: "info", To: "warn"}, {Name: "task_env", From: "", To: "PASS_*"},
		{Name: "log_format", From: "json", To: "text", Restart: true}, {Name: "auth_token", From: "", To: "***", Restart: true},
	} {
		if found[want.Name] != want {
			t.Errorf("%s: %+v", want.Name, found[want.Name])
		}
	}
	if len(changes) != 5 {
		t.Errorf("%+v", changes)
	}
	p.started(run, "b") // there is a slot now
	if r := p.wait(p.start("env")); r.Status != freshet.Success || p.latest(r.ID, "t").Outputs["got"] != "z" {
		t.Errorf("a task did not get what is passed on: %+v", p.latest(r.ID, "t").Outputs)
	}

	settings(t, home, "slots: [\n")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	soon(t, "the log says that nothing has changed", func() bool { return strings.Contains(p.said(), "nothing has changed") })
	if st, err := p.Server(t.Context()); err != nil || st.Slots != 3 {
		t.Errorf("%+v, %v", st, err)
	}
	settings(t, home, "slots: 4\n")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	soon(t, "the slots change on SIGHUP", func() bool { st, err := p.Server(t.Context()); return err == nil && st.Slots == 4 })
	for _, line := range strings.Split(strings.TrimSpace(p.said()), "\n") {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line of the log is no JSON: %s", line)
		}
	}
	letGoOf(t, home, "two", run)
	p.wait(run)
}

func letGoOf(t *testing.T, home, workflow string, run int64) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(home, "work", "default", workflow, itoa(int(run)), "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestLogRotation: a log that was given another name is left alone from the
// next SIGHUP on, and one that was cut goes on at its beginning.
func TestLogRotation(t *testing.T) {
	home := newHome(t)
	out, err := command(home, "server", "start", "-d", "--listen", "127.0.0.1:0", "--log-level", "debug").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() { _ = command(home, "server", "stop").Run() })
	var about freshet.Server
	text, err := os.ReadFile(filepath.Join(home, "server.json"))
	if err == nil {
		err = json.Unmarshal(text, &about)
	}
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(home, "server.log")
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	said := func() bool {
		text, err := os.ReadFile(log)
		return err == nil && strings.Contains(string(text), "settings reloaded") && text[0] != 0
	}
	if err := syscall.Kill(about.PID, syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	soon(t, "the new log is written to", said)
	if err := os.Truncate(log, 0); err != nil {
		t.Fatal(err)
	}
	if out, err := command(home, "server", "reload").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	soon(t, "the cut log is written to", said)
}

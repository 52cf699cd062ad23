package metric_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/metric"
)

func scrape(t *testing.T, m *metric.Metrics) map[string]*dto.MetricFamily {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

func sources(dir string) metric.Sources {
	return metric.Sources{Version: "test", Database: filepath.Join(dir, "freshet.db"),
		Engine:      func() engine.Stats { return engine.Stats{Slots: 8, Failed: 2, Ahead: 1500 * time.Millisecond} },
		Subscribers: func() int64 { return 3 }, Keeper: func() (int, bool) { return 4, true },
		Free: func() (uint64, bool) { return 5, true }, Spans: func() (sent, dropped int64) { return 5, 6 }, Ready: func() bool { return false }}
}

// TestThePageListsTheMetrics: no name that is not promised, and none that is
// promised and not there.
func TestThePageListsTheMetrics(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(page), "<!-- metrics -->")
	section, _, closed := strings.Cut(after, "<!-- end -->")
	if !found || !closed {
		t.Fatal("docs/operations.md has no list of metrics")
	}
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(freshet_\\w+)`").FindAllStringSubmatch(section, -1) {
		listed = append(listed, m[1])
	}
	m := metric.New(sources(t.TempDir()))
	m.Request("GET /x", 200)
	var there []string
	for name, f := range scrape(t, m) {
		if strings.HasPrefix(name, "freshet_") {
			there = append(there, name)
		}
		if f.GetHelp() == "" {
			t.Errorf("%s has no help", name)
		}
	}
	slices.Sort(there)
	if d := cmp.Diff(there, listed); d != "" {
		t.Errorf("there (-), listed (+):\n%s", d)
	}
}

func TestCommits(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "freshet.db"), make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	m := metric.New(sources(dir))
	m.Commit(engine.Work{Took: 30 * time.Millisecond, Rows: 10, Entries: 5, Events: 4, Started: 2,
		Ended: map[freshet.Status]int{freshet.Failed: 1}, Executions: map[freshet.Status]int{freshet.Success: 3, freshet.Skipped: 1},
		Late: []time.Duration{time.Second, -time.Second}})
	m.Commit(engine.Work{Took: 10 * time.Millisecond, Rows: 2, Events: 1, Ended: map[freshet.Status]int{freshet.Failed: 2}})
	got := map[string]float64{}
	for name, f := range scrape(t, m) {
		for _, x := range f.GetMetric() {
			key := name
			for _, l := range x.GetLabel() {
				key += " " + l.GetValue()
			}
			switch {
			case x.GetCounter() != nil:
				got[key] = x.GetCounter().GetValue()
			case x.GetGauge() != nil:
				got[key] = x.GetGauge().GetValue()
			case x.GetHistogram() != nil:
				got[key], got[key+" sum"] = float64(x.GetHistogram().GetSampleCount()), x.GetHistogram().GetSampleSum()
			}
		}
	}
	for key, want := range map[string]float64{
		"freshet_runs_started_total": 2, "freshet_runs_ended_total failed": 3, "freshet_runs_ended_total success": 0,
		"freshet_executions_ended_total success": 3, "freshet_executions_ended_total skipped": 1, "freshet_executions_ended_total failed": 0,
		"freshet_events_accepted_total": 5, "freshet_commit_duration_seconds": 2, "freshet_commit_duration_seconds sum": 0.04,
		"freshet_commit_rows": 2, "freshet_commit_rows sum": 12, "freshet_timer_late_seconds": 2, "freshet_timer_late_seconds sum": 1,
		"freshet_commits_failed_total": 2, "freshet_slots": 8, "freshet_journal_ahead_seconds": 1.5, "freshet_feed_subscribers": 3,
		"freshet_keeper_attempts": 4, "freshet_keeper_up": 1, "freshet_disk_free_bytes": 5, "freshet_ready": 0,
		"freshet_database_bytes": 4096, "freshet_database_wal_bytes": 0,
	} {
		if got[key] != want {
			t.Errorf("%s is %v, not %v", key, got[key], want)
		}
	}
}

// Package metric counts what a server does, for Prometheus. What happens often
// is counted when a batch has been committed or a request answered; all else is
// looked up when somebody scrapes, in memory or in the file system, never in
// the database. The names are promises: docs/operations.md lists them, and a
// test compares.
package metric

import (
	"net/http"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/store"
)

// Sources are what is looked up at a scrape. Each must be quick.
type Sources struct {
	Version     string
	Database    string // path of the file
	Engine      func() engine.Stats
	Subscribers func() int64                      // of the feed
	Keeper      func() (attempts int, there bool) // what the keeper holds
	Free        func() (bytes uint64, ok bool)    // disk space where the home lies
	Spans       func() (sent, dropped int64)      // of traces
	Ready       func() bool
}

// Metrics are those of one server.
type Metrics struct {
	registry   *prometheus.Registry
	started    prometheus.Counter
	ended      *prometheus.CounterVec
	executions *prometheus.CounterVec
	events     prometheus.Counter
	commit     prometheus.Histogram
	rows       prometheus.Histogram
	late       prometheus.Histogram
	requests   *prometheus.CounterVec
	removed    *prometheus.CounterVec
}

// ends are the statuses in which runs and executions end; each is there from
// the start, so that the first failure is seen as an increase.
var ends = []freshet.Status{freshet.Success, freshet.Failed, freshet.Stopped, freshet.Skipped}

// New makes the metrics of a server.
func New(s Sources) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		started:  counter("runs_started_total", "Runs that were started, those that wait for a time or a place among them."),
		ended:    counters("runs_ended_total", "Runs that ended, by status.", "status"),
		executions: counters("executions_ended_total",
			"Executions of tasks that ended, by status; a failed try that is retried is not an end.", "status"),
		events:   counter("events_accepted_total", "Events that were written to the journal."),
		removed:  counters("removed_total", "Rows that were removed because they had been kept long enough, by kind.", "kind"),
		requests: counters("http_requests_total", "HTTP requests that were answered, by route and status code.", "route", "code"),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{Name: prefix + "commit_duration_seconds",
			Help: "Time from the beginning of a transaction until it was on disk.", Buckets: prometheus.ExponentialBuckets(.0005, 2, 14)}),
		rows: prometheus.NewHistogram(prometheus.HistogramOpts{Name: prefix + "commit_rows",
			Help: "Rows of a transaction, about.", Buckets: prometheus.ExponentialBuckets(1, 4, 8)}),
		late: prometheus.NewHistogram(prometheus.HistogramOpts{Name: prefix + "timer_late_seconds",
			Help: "How late due times were decided; those that came while no server lived count with that time.", Buckets: []float64{.005, .02, .1, .5, 1, 5, 30, 300, 3600}}),
	}
	for _, status := range ends {
		m.executions.WithLabelValues(string(status))
		if status != freshet.Skipped { // no run ends so
			m.ended.WithLabelValues(string(status))
		}
	}
	m.Sweep(store.Swept{}) // every kind is there from the start
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.started, m.ended, m.executions, m.events, m.requests, m.removed, m.commit, m.rows, m.late)
	m.look(s)
	return m
}

const prefix = "freshet_"

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + name, Help: help})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
}

// look registers what is looked up at a scrape.
func (m *Metrics) look(s Sources) {
	gauge := func(name, help string, f func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: prefix + name, Help: help}, f))
	}
	stat := func(name, help string, f func(engine.Stats) int64) {
		gauge(name, help, func() float64 { return float64(f(s.Engine())) })
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + "build_info", Help: "1, with the version of the program and of Go.",
		ConstLabels: prometheus.Labels{"version": s.Version, "goversion": runtime.Version()}})
	build.Set(1)
	m.registry.MustRegister(build, prometheus.NewCounterFunc(prometheus.CounterOpts{Name: prefix + "commits_failed_total",
		Help: "Transactions that failed."}, func() float64 { return float64(s.Engine().Failed) }))
	total := func(name, help string, f func() int64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: prefix + name, Help: help}, func() float64 { return float64(f()) }))
	}
	total("spans_sent_total", "Spans of traces that the collector has taken.", func() int64 { sent, _ := s.Spans(); return sent })
	total("spans_dropped_total", "Spans of traces that the collector did not take in time.", func() int64 { _, dropped := s.Spans(); return dropped })
	gauge("ready", "1 where /readyz says so, else 0.", func() float64 { return flag(s.Ready()) })
	stat("runs_alive", "Runs that have not ended.", func(st engine.Stats) int64 { return st.Alive })
	stat("executions_waiting", "Executions that wait for a slot.", func(st engine.Stats) int64 { return st.Waiting })
	stat("slots", "Executions that may run at once.", func(st engine.Stats) int64 { return st.Slots })
	stat("slots_used", "Slots that are taken.", func(st engine.Stats) int64 { return st.Used })
	stat("journal_offset", "Newest offset of the journal.", func(st engine.Stats) int64 { return st.Last })
	stat("journal_cursor", "Offset up to which the journal is decided.", func(st engine.Stats) int64 { return st.Cursor })
	stat("journal_lag", "Entries of the journal that are accepted and not decided.", func(st engine.Stats) int64 { return st.Undecided })
	gauge("journal_ahead_seconds", "How far journal time is ahead of the machine's clock, because that was set back.",
		func() float64 { return s.Engine().Ahead.Seconds() })
	gauge("feed_subscribers", "Readers of the feed.", func() float64 { return float64(s.Subscribers()) })
	gauge("keeper_up", "1 where the keeper answers, else 0.", func() float64 { _, there := s.Keeper(); return flag(there) })
	gauge("keeper_attempts", "Processes that the keeper has been given and that have not ended.",
		func() float64 { n, _ := s.Keeper(); return float64(n) })
	gauge("database_bytes", "Size of the database's file.", func() float64 { return size(s.Database) })
	gauge("database_wal_bytes", "Size of the database's write-ahead log.", func() float64 { return size(s.Database + "-wal") })
	gauge("disk_free_bytes", "Free space where the home lies.", func() float64 { free, _ := s.Free(); return float64(free) })
}

func flag(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

func size(path string) float64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return float64(info.Size())
}

// Commit counts what a commit has done.
func (m *Metrics) Commit(w engine.Work) {
	m.started.Add(float64(w.Started))
	m.events.Add(float64(w.Events))
	m.commit.Observe(w.Took.Seconds())
	m.rows.Observe(float64(w.Rows))
	for status, n := range w.Ended {
		m.ended.WithLabelValues(string(status)).Add(float64(n))
	}
	for status, n := range w.Executions {
		m.executions.WithLabelValues(string(status)).Add(float64(n))
	}
	for _, late := range w.Late {
		m.late.Observe(max(late, 0).Seconds())
	}
}

// Sweep counts what a step of housekeeping has removed.
func (m *Metrics) Sweep(s store.Swept) {
	for kind, n := range map[string]int64{"run": s.Runs, "execution": s.Executions, "entry": s.Entries, "decision": s.Decisions} {
		m.removed.WithLabelValues(kind).Add(float64(n))
	}
}

// Request counts a request that was answered. The route is the pattern that it
// fits, so that there are few of them.
func (m *Metrics) Request(route string, code int) {
	m.requests.WithLabelValues(route, strconv.Itoa(code)).Inc()
}

// Handler answers a scrape.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

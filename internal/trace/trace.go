// Package trace tells an OpenTelemetry collector what has ended: a span for
// each run, one for each execution of a task, one for each try. Spans are made
// of what has been committed, aside from the loop, and sent as OTLP over HTTP.
// What the collector does not take in time is dropped and counted; nothing ever
// waits for it. Each span is sent at most once.
//
// Where a run stands in a trace is decided when it is started, and stands in
// its row; see freshet.Trace. So a span has the same id whoever makes it.
package trace

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	pb "go.opentelemetry.io/proto/otlp/resource/v1"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/store"
)

// Config is what a tracer needs.
type Config struct {
	Store   Store
	Version string // of this program
	Log     *slog.Logger
}

// Store is where a tracer looks up what a commit does not say.
type Store interface {
	LoadRun(ctx context.Context, id int64) (*store.RunSnapshot, error)
	Executions(ctx context.Context, f store.ExecutionFilter) ([]freshet.Execution, error)
}

// Tracer sends spans while Run runs.
type Tracer struct {
	cfg      Config
	exporter *exporter
	resource *pb.Resource
	seed     string

	mu      sync.Mutex
	waiting []engine.Ended
	wake    chan struct{} // has room for one: something waits

	sent, dropped atomic.Int64
	failing       bool // the last request failed, and that was said
}

// Wanted tells whether the standard variables of OpenTelemetry ask for traces.
func Wanted(env func(name string) string) bool {
	if strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") {
		return false
	}
	exporters := strings.Split(cmp.Or(env("OTEL_TRACES_EXPORTER"), "otlp"), ",")
	return slices.Contains(exporters, "otlp") && cmp.Or(env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), env("OTEL_EXPORTER_OTLP_ENDPOINT")) != ""
}

// New makes a tracer. Where it sends to, and what it calls itself, it reads
// from the standard variables.
func New(cfg Config, env func(name string) string) (*Tracer, error) {
	x, err := newExporter(env)
	if err != nil {
		return nil, err
	}
	t := &Tracer{cfg: cfg, exporter: x, resource: &pb.Resource{}, seed: rand.Text(), wake: make(chan struct{}, 1)}
	self := map[string]string{"service.name": "freshet", "service.version": cfg.Version}
	for _, p := range pairs(env("OTEL_RESOURCE_ATTRIBUTES")) {
		self[p[0]] = p[1]
	}
	if name := env("OTEL_SERVICE_NAME"); name != "" {
		self["service.name"] = name
	}
	for _, key := range slices.Sorted(maps.Keys(self)) {
		t.resource.Attributes = append(t.resource.Attributes, text(key, self[key]))
	}
	return t, nil
}

// Seed is what ids of this server's traces are made of.
func (t *Tracer) Seed() string { return t.seed }

// Counts tells how many spans the collector has taken, and how many were
// dropped because it did not.
func (t *Tracer) Counts() (sent, dropped int64) { return t.sent.Load(), t.dropped.Load() }

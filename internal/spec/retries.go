package spec

import (
	"time"

	"github.com/freshet/freshet"
)

// defaultRetries are what `retries` leaves unsaid.
var defaultRetries = Retries{
	Delay: 30 * time.Second, Backoff: 1, MaxDelay: time.Hour,
	On: []freshet.Code{freshet.CodeExit, freshet.CodeTimeout, freshet.CodeLost},
}

var retriesForm = func() form[Retries] {
	limit := whole(0, 10_000)
	long := &object[retriesDraft]{
		what: "`retries`",
		fields: []field[retriesDraft]{
			must(key("limit", limit, func(r *retriesDraft) *int { return &r.limit }, "Further tries after the first.")),
			key("delay", duration, func(r *retriesDraft) *time.Duration { return &r.delay }, "Time before the first retry; default 30s."),
			key("backoff", number(1, false), func(r *retriesDraft) *float64 { return &r.backoff }, "Factor from one delay to the next; default 1."),
			key("max_delay", duration, func(r *retriesDraft) *time.Duration { return &r.maxDelay }, "The longest delay; default 1h."),
			key("on", oneOrMore("a list of reasons", oneOf(freshet.CodeExit, freshet.CodeTimeout, freshet.CodeLost)),
				func(r *retriesDraft) *[]freshet.Code { return &r.on }, "The reasons that are retried; default all three."),
			key("on_exit", oneOrMore("a list of exit codes", whole(1, 255)),
				func(r *retriesDraft) *[]int { return &r.onExit }, "The exit codes that are retried; default any."),
		},
	}
	return either[Retries]{
		what: "a number, or {limit, delay, backoff, max_delay, on, on_exit}",
		scalar: convert(limit, func(n int) Retries {
			return retriesDraft{limit: n}.retries()
		}),
		mapping: convert(long.form(), retriesDraft.retries),
	}.form()
}()

// retriesDraft is `retries` as it is written.
type retriesDraft struct {
	limit           int
	delay, maxDelay time.Duration
	backoff         float64
	on              []freshet.Code
	onExit          []int
}

func (d retriesDraft) retries() Retries {
	r := defaultRetries
	r.Limit, r.OnExit = d.limit, d.onExit
	if d.delay > 0 {
		r.Delay = d.delay
	}
	r.MaxDelay = max(r.MaxDelay, r.Delay)
	if d.maxDelay > 0 {
		r.MaxDelay = d.maxDelay
	}
	if d.backoff > 0 {
		r.Backoff = d.backoff
	}
	if d.on != nil {
		r.On = d.on
	}
	return r
}

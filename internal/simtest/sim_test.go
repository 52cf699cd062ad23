package simtest

import (
	"flag"
	"fmt"
	"testing"
	"testing/synctest"
)

var (
	seeds = flag.Int("seeds", 300, "how many histories the simulation plays")
	seed  = flag.Uint64("seed", 1, "the first of them")
	steps = flag.Int("steps", 40, "how many things happen in each")
)

// One seed is one history of the whole control plane, with crashes between any
// two steps, commits that fail before or after they are stored, reads that
// fail, and reports that are lost and repeated. After it, everything is
// audited. `make sim` plays more.
func TestSimulation(t *testing.T) {
	failed := 0
	for s := *seed; s < *seed+uint64(*seeds) && failed < 3; s++ {
		ok := t.Run(fmt.Sprint(s), func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) { simulate(t, dir, s) })
		})
		if !ok {
			failed++
		}
	}
}

func simulate(t *testing.T, dir string, seed uint64) {
	h := newHistory(t, dir, seed)
	defer h.w.Close()
	h.play(*steps)
	h.calm()
	faults := inspect(t, h, (*audit).stuck, (*audit).dues)
	if len(faults) == 0 {
		h.rest()
		h.stopAll()
		faults = inspect(t, h, (*audit).stuck, (*audit).dues, (*audit).executions, (*audit).ends, (*audit).triggers, func(a *audit) { a.events(h.events, h.values) }, (*audit).memory)
	}
	faults = append(faults, h.w.Room.faults...)
	if _, err := ParseStories("history", []byte(h.story.String())); err != nil {
		faults = append(faults, "the history is no story: "+err.Error())
	}
	if len(faults) > 0 || t.Failed() {
		t.Errorf("seed %d:\n%s", seed, h.story.String())
		for _, f := range faults {
			t.Error(f)
		}
	}
}

func inspect(t *testing.T, h *history, looks ...func(*audit)) []string {
	a, err := newAudit(h.w)
	if err != nil {
		t.Fatalf("audit: %v", err)
	}
	for _, look := range looks {
		look(a)
	}
	return a.faults
}

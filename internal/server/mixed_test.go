package server_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// mixedRuns share the places of their tasks: two for each of two lanes, and
// three for all items.
const (
	mixedRuns  = 12
	mixedItems = 4
	mixedLane  = 2
	mixedEach  = 3
)

// mixedFlows are a workflow with a task of each kind that waits for somebody
// else, and the one that it calls. What has a place notes when it takes it and
// before it leaves it.
func mixedFlows(effects string) []string {
	body := func(task, pool string) string {
		return fmt.Sprintf(`echo "+ %s" >> %s; echo "$FRESHET_RUN_ID %s $FRESHET_SEQ $FRESHET_TRY" >> %s; sleep 0.1; echo "- %s" >> %s`,
			pool, places(effects), task, effects, pool, places(effects))
	}
	return []string{fmt.Sprintf(`name: mixed
tasks:
  narrow:
    concurrency: {limit: %d, key: run.id %% 2}
    env: {LANE: "${{ run.id %% 2 }}"}
    bash: '%s'
  each:
    after: narrow
    foreach: %s
    concurrency: %d
    bash: '%s'
  ok: {after: narrow, approval: "go on?"}
  call: {after: ok, workflow: leaf}
`, mixedLane, body("narrow", "lane $LANE"), strings.ReplaceAll(fmt.Sprint(make([]int, mixedItems)), " ", ", "),
		mixedEach, body("each[$FRESHET_ITEM]", "each")),
		fmt.Sprintf("name: leaf\ntasks:\n  t: {bash: 'echo \"$FRESHET_RUN_ID t $FRESHET_SEQ $FRESHET_TRY\" >> %s'}\n", effects)}
}

func places(effects string) string { return effects + ".places" }

// approve answers whatever asks, from the beginning, until it is stopped. What
// was answered before a crash, told or not, is refused.
func approve(c *client.Client) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.Feed(ctx, client.FeedQuery{From: client.FromStart, Keys: []string{machine.ApprovalRequested}}, func(m freshet.Message) error {
			_, _ = c.AnswerTask(ctx, m.RunID, "ok", true, "")
			return ctx.Err()
		})
	}()
	return func() {
		cancel()
		<-done
	}
}

// mixed checks that each task of a run, and of the run that it called, ran
// once, and counts those that had an effect.
func (a *audit) mixed(run int64) int {
	want := []string{"narrow 1 1 success", "each 1 1 success", "ok 1 1 success", "call 1 1 success"}
	for i := range mixedItems {
		want = append(want, fmt.Sprintf("each[%d] 1 1 success", i))
	}
	list, err := a.st.Executions(a.ctx, store.ExecutionFilter{Run: run, AllTries: true})
	if err != nil {
		a.t.Fatal(err)
	}
	var got []string
	for _, x := range list {
		name := x.Task
		if x.Item != nil {
			name = fmt.Sprintf("%s[%d]", name, *x.Item)
		}
		got = append(got, fmt.Sprintf("%s %d %d %s", name, x.Seq, x.Try, x.Status))
		line := fmt.Sprintf("%d %s %d %d", x.RunID, name, x.Seq, x.Try)
		if x.Task == "call" {
			line = fmt.Sprintf("%d t 1 1", x.ChildRun)
		}
		if ran := name != "each" && name != "ok"; ran && a.effects[line] != 1 {
			a.t.Errorf("%s of run %d had %d effects", name, run, a.effects[line])
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		a.t.Errorf("run %d has %v, want %v", run, got, want)
	}
	return mixedItems + 2
}

// calls checks that each call made one run.
func (a *audit) calls(mixed []int64) {
	runs, err := a.st.Runs(a.ctx, store.RunFilter{Workflow: "leaf"})
	if err != nil {
		a.t.Fatal(err)
	}
	var callers []int64
	for _, r := range runs {
		if r.Status != freshet.Success {
			a.t.Errorf("run %d of leaf ended %s: %s", r.ID, r.Status, r.Reason)
		}
		callers = append(callers, r.Parent)
	}
	slices.Sort(callers)
	if !slices.Equal(callers, mixed) {
		a.t.Errorf("leaf was called by the runs %v, want %v", callers, mixed)
	}
}

// limits follows what the tasks have noted of the places that they had: never
// more at once than there are, and somewhere all of them at some time.
func (a *audit) limits(path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		a.t.Fatal(err)
	}
	alive, most := map[string]int{}, map[string]int{}
	for line := range strings.Lines(string(text)) {
		change, pool, _ := strings.Cut(strings.TrimSpace(line), " ")
		if change == "+" {
			alive[pool]++
		} else {
			alive[pool]--
		}
		most[pool] = max(most[pool], alive[pool])
	}
	a.t.Logf("at most at once: %v", most)
	full := false
	for pool, limit := range map[string]int{"lane 0": mixedLane, "lane 1": mixedLane, "each": mixedEach} {
		if most[pool] > limit || alive[pool] != 0 {
			a.t.Errorf("%s: %d at once, of %d, and %d in the end", pool, most[pool], limit, alive[pool])
		}
		full = full || most[pool] == limit
	}
	if !full {
		a.t.Errorf("no limit was ever reached: %v", most)
	}
}

// sound checks what the doctor looks at.
func (a *audit) sound() {
	list, err := a.st.Invariants(a.ctx)
	if err != nil {
		a.t.Fatal(err)
	}
	for _, i := range list {
		for _, what := range i.Broken {
			a.t.Errorf("%s: %s", i.Name, what)
		}
	}
}

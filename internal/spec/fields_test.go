package spec

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/expr"
)

// What stands in a file that uses every key arrives in the tree.
func TestFields(t *testing.T) {
	ws, ds := Parse("daily_etl.yaml", read(t, "testdata/good/daily_etl.yaml"))
	if len(ws) != 1 {
		t.Fatal(ds)
	}
	w := ws[0]
	task := func(name string) *Task {
		found, ok := w.Task(name)
		if !ok {
			t.Fatalf("no task %s", name)
		}
		return found
	}
	bindings := func(bs []Binding) (out [][2]string) {
		for _, b := range bs {
			out = append(out, [2]string{b.Name, b.Value.Source()})
		}
		return out
	}
	sources := func(ts []*expr.Template) (out []string) {
		for _, t := range ts {
			out = append(out, t.Source())
		}
		return out
	}
	full, publish, watch := task("full"), task("publish"), task("watch")
	event := watch.Rules[0].When.Parts
	if event != nil {
		t.Errorf("a rule without `after` is joined: %v", event)
	}
	type any3 = [3]any
	for name, pair := range map[string][2]any{
		"name":                     {w.Name, "daily_etl"},
		"namespace":                {w.Namespace, "analytics"},
		"description":              {w.Description, "Loads a day."},
		"labels":                   {w.Labels, map[string]string{"team": "data", "tier": "1"}},
		"timezone":                 {w.Timezone.String(), "Europe/Paris"},
		"files":                    {w.Files, []string{"extract.py", "publish.sh", "sql/", "./more/x"}},
		"env":                      {bindings(w.Env), [][2]string{{"DAY", "${{ params.day }}"}, {"URL", "https://example.org/${{ env.DAY }}"}, {"PORT", "8080"}}},
		"default of a date":        {any3{w.Parameters[0].Name, w.Parameters[0].Default, w.Parameters[0].Optional}, any3{"day", "2026-01-31", true}},
		"concurrency":              {w.Concurrency, &Concurrency{Limit: 1, Overlap: StopOldest, Queue: 100}},
		"command":                  {sources(task("extract").Args), []string{"python", "extract.py", "--day", "${{ params.day }}", "--limit", "5"}},
		"outputs":                  {task("extract").Outputs, []Output{{Name: "rows", Type: IntegerOutput}}},
		"working_dir of defaults":  {task("extract").WorkingDir.Source(), "in/${{ run.id }}"},
		"merged time-out":          {full.Timeout, 3 * time.Hour},
		"merged retries":           {full.Retries, Retries{3, time.Minute, 2, 30 * time.Minute, []freshet.Code{"exit", "lost"}, []int{75}}},
		"retries of defaults":      {publish.Retries.Limit, 2},
		"if":                       {full.If.Source(), "tasks.extract.outputs.rows > 1000"},
		"script and shell":         {any3{publish.Kind, publish.Script, publish.Shell}, any3{Bash, "./publish.sh", "/bin/bash"}},
		"env of a task":            {bindings(publish.Env), [][2]string{{"ROWS", "${{ tasks.extract.outputs.rows }}"}, {"WHERE", "${{ env.URL }}/x"}}},
		"stop_grace":               {any3{publish.StopGrace, full.StopGrace, publish.AllowFailure}, any3{time.Minute, 30 * time.Second, true}},
		"expr":                     {any3{task("my-task").Kind, task("my-task").InEngine(), task("my-task").Exprs[1].Name}, any3{Expr, true, "late"}},
		"emit":                     {any3{len(task("report").Emit), task("report").Emit[0].Key.Source(), task("report").Emit[1].Value}, any3{2, "reported/${{ params.day }}", (*expr.Template)(nil)}},
		"long_running, time-out":   {any3{watch.LongRunning, watch.Timeout, watch.Optional}, any3{true, time.Duration(0), true}},
		"condition of an event":    {any3{watch.Rules[0].When.Kind, watch.Rules[0].When.Key, watch.Rules[0].When.If.Source()}, any3{EventIs, "go", "event.data.n > params.limit"}},
		"sum":                      {any3{watch.Rules[3].When.Key, watch.Rules[3].When.Of.Source(), watch.Rules[3].When.Reaches}, any3{"paid", "event.data.amount", 99.5}},
		"busy":                     {any3{watch.Rules[0].BusyLimit, watch.Rules[2].BusyLimit, watch.Rules[3].Busy}, any3{5000, 1000, RestartBusy}},
		"count of a stop":          {any3{watch.Rules[4].Action, watch.Rules[4].When.Kind, watch.Rules[4].When.Reaches}, any3{Stop, CountIs, 2.0}},
		"restarts":                 {any3{len(watch.Rules), watch.Rules[5].Action, watch.Rules[6].When.Wants[0].Task}, any3{7, Restart, watch.Index}},
		"the workflow's stop":      {any3{w.Stop.When.Key, w.Stop.Task, w.Stop.ID}, any3{"enough", NoTask, len(w.Rules) - 1}},
		"who looks at the extract": {len(w.Watchers(task("extract").Index)), 3},
	} {
		if diff := cmp.Diff(pair[1], pair[0], sameTree); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	want := map[string]any{
		"count": int64(3), "ratio": 0.5, "on": true, "nothing": nil, "text": int64(7),
		"deep": map[string]any{"list": []any{int64(1), "two }} ${", int64(8)}, "a b": map[string]any{}},
	}
	got := map[string]any{}
	for _, b := range task("extract").With {
		v, err := b.Value.Eval(expr.Vars{"params": map[string]any{"limit": int64(7)}})
		if err != nil {
			t.Fatal(err)
		}
		got[b.Name] = v
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("with (-want +got):\n%s", diff)
	}
}

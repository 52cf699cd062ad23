package spec

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Both forms of both sorts of `concurrency`, with what they leave unsaid.
func TestConcurrency(t *testing.T) {
	ws, ds := Parse("w.yaml", []byte(`
name: w
parameters: {city: {type: string}}
concurrency: {limit: 2, key: 'params.city + string(run.id) + event.key'}
tasks:
  a: {bash: "true", concurrency: 3}
  b: {bash: "true", long_running: true, after: a, env: {HOST: db}, concurrency: {limit: 1, key: 'env.HOST + tasks.a.status + params.city'}}
  c: {workflow: other, foreach: [1, 2], concurrency: 4}
  d: {approval: yes?, concurrency: 1}
  e: {bash: "true"}
`))
	if len(ws) != 1 || len(ds) > 0 {
		t.Fatal(ds)
	}
	type bound struct {
		limit   int
		key     string
		overlap Overlap
		queue   int
	}
	of := func(c *Concurrency) *bound {
		if c == nil {
			return nil
		}
		b := &bound{c.Limit, "", c.Overlap, c.Queue}
		if c.Key != nil {
			b.key = c.Key.Source()
		}
		return b
	}
	got := []*bound{of(ws[0].Concurrency)}
	for _, task := range ws[0].Tasks {
		got = append(got, of(task.Concurrency))
	}
	want := []*bound{
		{2, "params.city + string(run.id) + event.key", QueueRuns, 100},
		{limit: 3}, {limit: 1, key: "env.HOST + tasks.a.status + params.city"}, {limit: 4}, {limit: 1}, nil,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(bound{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

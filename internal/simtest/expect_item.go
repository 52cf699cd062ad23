package simtest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// expectItem is `STATUS [CODE] [seq N] [try N]` of an item of the task's
// latest start; what has not begun is `waiting`.
func (p *player) expectItem(run int64, task string, item int, f []string) error {
	list, err := p.items(run, task, &item)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return want("waiting", strings.Join(f, " "))
	}
	x := list[len(list)-1]
	var got []string
	for i := 0; i < len(f); i++ {
		switch {
		case i == 0:
			got = append(got, string(x.Status))
		case f[i] == "seq":
			got = append(got, "seq", strconv.Itoa(x.Seq))
			i++
		case f[i] == "try":
			got = append(got, "try", strconv.Itoa(x.Try))
			i++
		default:
			got = append(got, string(x.Code))
		}
	}
	return want(strings.Join(got, " "), strings.Join(f, " "))
}

// items are those of a task's latest start, each with its last try.
func (p *player) items(run int64, task string, item *int) ([]freshet.Execution, error) {
	own := freshet.NoItem
	latest, err := p.w.Disk.Executions(p.w.context(), store.ExecutionFilter{Run: run, Task: task, Item: &own, Newest: true, Limit: 1})
	if err != nil || len(latest) == 0 {
		return nil, err
	}
	return p.w.Disk.Executions(p.w.context(), store.ExecutionFilter{Run: run, Task: task, Item: item, Seq: latest[0].Seq})
}

// expectItems is `N STATUS, N STATUS, …`: how many items of a task's latest
// start are so, in the order of the words.
func (p *player) expectItems(run int64, task, text string) error {
	list, err := p.items(run, task, nil)
	if err != nil {
		return err
	}
	counts := map[freshet.Status]int{}
	all := 0
	for _, x := range list {
		if x.Item != nil {
			counts[x.Status]++
			all++
		}
	}
	var got []string
	said := 0
	for part := range strings.SplitSeq(text, ",") {
		_, status := cut(part)
		n := counts[freshet.Status(status)]
		got = append(got, fmt.Sprintf("%d %s", n, status))
		said += n
	}
	if said != all {
		return fmt.Errorf("of %d items %v", all, counts)
	}
	return want(strings.Join(got, ", "), text)
}

// expectCalls is the run that a task's latest start has called, 0 for none.
func (p *player) expectCalls(run int64, task, text string) error {
	list, err := p.items(run, task, nil)
	if err != nil || len(list) == 0 {
		return fmt.Errorf("it has never run: %w", err)
	}
	return want(strconv.FormatInt(list[0].ChildRun, 10), text)
}

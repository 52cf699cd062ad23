package sqlite

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// Survey gives one run as of one moment, with no more of its executions than
// where they stand: a wide run has very many, and nobody reads them all. They
// come as one text, which takes about three quarters of the time of as many
// rows.
func (s *Store) Survey(ctx context.Context, id int64) (*store.RunSnapshot, error) {
	var texts []string
	snap, err := s.loadRun(ctx, "survey a run", id, func(c *conn) (none []storedExecution, err error) {
		texts, err = query(ctx, c, column[string], "execution_survey", id)
		return nil, err
	})
	if err != nil {
		return nil, err
	}
	snap.Held, err = readBrief(id, strings.Join(texts, ""))
	return snap, err
}

// readBrief reads executions from lines of words: task, seq, item, try, status
// and code.
func readBrief(run int64, text string) ([]*machine.Execution, error) {
	list := make([]*machine.Execution, 0, strings.Count(text, "\n")+1)
	for line := range strings.Lines(text) {
		words := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 7)
		if len(words) != 6 {
			return nil, fmt.Errorf("survey a run: %q is no execution", line)
		}
		x := &machine.Execution{Status: freshet.Status(words[4]), Code: freshet.Code(words[5]), Held: true}
		x.Key.Run, x.Key.Task = run, words[0]
		for i, to := range []*int{&x.Key.Seq, &x.Key.Item, &x.Key.Try} {
			n, err := strconv.Atoi(words[i+1])
			if err != nil {
				return nil, fmt.Errorf("survey a run: %w", err)
			}
			*to = n
		}
		list = append(list, x)
	}
	return list, nil
}

// Held gives the executions of a task that a loaded run needs.
func (s *Store) Held(ctx context.Context, run int64, task string) ([]*machine.Execution, error) {
	var list []*machine.Execution
	err := s.read(ctx, "read executions", func(c *conn) error {
		l := loaded{}
		var err error
		if l.executions, err = query(ctx, c, scanExecution, "execution_held_task", run, task); err != nil {
			return err
		}
		ev, err := readEvents(ctx, c, l.offsets())
		for i := range l.executions {
			list = append(list, l.executions[i].row(ev))
		}
		return err
	})
	return list, err
}

// Cursor says how far the journal has been decided.
func (s *Store) Cursor(ctx context.Context) (store.Cursor, error) {
	var heads []store.Snapshot
	err := s.read(ctx, "read the cursor", func(c *conn) (err error) {
		heads, err = query(ctx, c, scanShard, "shard_get")
		return err
	})
	if err != nil {
		return store.Cursor{}, err
	}
	if len(heads) != 1 {
		return store.Cursor{}, fmt.Errorf("the shard has %d rows", len(heads))
	}
	return heads[0].Cursor, nil
}

package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// version1 is what a database of version 1 has while a run is in flight:
// times are seconds after epoch, in microseconds.
const version1 = `
UPDATE shard SET leader_epoch = 3, cursor_pos = 4, cursor_target = 2, cursor_run = 1, next_run = 9, time = 1795176004000000;
INSERT INTO journal VALUES
	(1, 'default', 'event', 1795176001000000, 0, 0, 0, 'go', 'now', '', 'id-1', NULL, NULL, NULL),
	(2, 'default', 'run_start', 1795176001000000, 7, 1, 1, NULL, NULL, NULL, NULL, NULL, 1,
		'{"start":{"workflow":"w","version":"v1","type":"event"},"parameters":{"n":2,"x":2.0}}'),
	(3, 'default', 'event', 1795176003000000, 7, 0, 0, 'seen', '5', 'load', NULL, 'c', NULL, NULL),
	(4, 'default', 'run_ended', 1795176004000000, 6, 0, 2, NULL, NULL, NULL, NULL, NULL, NULL, '{"status":"success","workflow":"w"}');
INSERT INTO ledger VALUES (1, 0, 0, 'default', '[{"r":-1,"o":"fired"}]');
INSERT INTO runs VALUES
	(6, 'default', 'w', 'v1', 'success', 'manual', NULL, 1795176000000000, NULL, 1795176000000000, 1795176004000000, '', '', NULL, '', 0, 0, NULL),
	(7, 'default', 'w', 'v1', 'running', 'event', '{"n":2,"x":2.0}', 1795176001000000, NULL, 1795176001000000, NULL, '', '', 1, '', 0, 0, 'k');
INSERT INTO executions VALUES (7, 'load', 1, -1, 1, 'retrying', 1795176001000000, 1795176001000000, NULL,
	NULL, 'exit', 'exit code 1', 1, '[1]', '', NULL, NULL, 1795176009000000, 3, 'local', 4711, 'l', 'local', 1);
INSERT INTO waits VALUES (7, 'load', 1, 2, '[3]', 1795176003000000);
INSERT INTO rules VALUES (7, 0, '[[0,0,0.0],[3,0,0.0]]'), (7, 2, '[[3,2,7.5]]');
INSERT INTO timers VALUES
	('retry', 7, 'load', -1, 1, 1, 1795176009000000),
	('timeout', 7, 'load', -1, 1, 1, 1795179601000000);
INSERT INTO workflows VALUES
	('default', 'w', 'v1', 'd', '["load"]', 1, 1795176000000000, 1795176000000000),
	('late', 'x', 'v2', '', NULL, 0, 1795176500000000, 1795176500000000),
	('late', 'y', 'v2', '', NULL, 1, 1795176400000000, 1795176500000000);
INSERT INTO versions VALUES (1, 'default', 'w', 'v1', 'name: w', NULL, 1795176000000000)`

// older makes a database of version 1 and puts rows into it.
func older(t *testing.T, rows string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "freshet.db")
	p := openPools(path)
	defer p.write.Close()
	defer p.read.Close()
	if err := migrateTo(t.Context(), p.write, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := p.write.ExecContext(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestUpgrade: a database of version 1 is brought up to date with a run in
// flight, and everything reads back.
func TestUpgrade(t *testing.T) {
	at := func(seconds int) time.Time { return epoch.Add(time.Duration(seconds) * time.Second) }
	s, err := Open(t.Context(), older(t, version1), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	snap, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	began := &freshet.Event{Offset: 1, ID: "id-1", Namespace: "default", Key: "go", Value: "now", Time: at(1)}
	seen := &freshet.Event{Offset: 3, Namespace: "default", Key: "seen", Value: "5", Sender: "load", Context: "c", Time: at(3), RunID: 7}
	key := freshet.Key{Run: 7, Task: "load", Item: freshet.NoItem, Seq: 1, Try: 1}
	want := &store.Snapshot{
		Cursor: store.Cursor{Offset: 4, Target: 2, Run: 1, NextRun: 9, Time: at(4)}, Last: 4, Leader: 4, NextDue: at(9),
		Spaces: []machine.NamespaceRow{{Name: "default", CreatedAt: at(0)}, {Name: "late", CreatedAt: at(400)}},
		Workflows: []machine.WorkflowRow{
			{Namespace: "default", Name: "w", Version: "v1", Description: "d", Tasks: []string{"load"}, Enabled: true, CreatedAt: at(0), UpdatedAt: at(0)},
			{Namespace: "late", Name: "x", Version: "v2", CreatedAt: at(500), UpdatedAt: at(500)},
			{Namespace: "late", Name: "y", Version: "v2", Enabled: true, CreatedAt: at(400), UpdatedAt: at(500)},
		},
		Runs: []store.RunSnapshot{{
			Row: machine.RunRow{ID: 7, Namespace: "default", Workflow: "w", Version: "v1", Status: freshet.Running, Type: freshet.ByEvent,
				Parameters: map[string]any{"n": int64(2), "x": 2.0}, CreatedAt: at(1), StartedAt: at(1), Event: began, Key: "k"},
			Held: []*machine.Execution{{Key: key, Status: freshet.Retrying, QueuedAt: at(1), StartedAt: at(1), Code: freshet.CodeExit,
				Reason: "exit code 1", Offset: 1, By: []*freshet.Event{began}, Due: at(9), Epoch: 3, Node: "local", PID: 4711,
				Log: "l", Executor: "local", Held: true}},
			Waits: []machine.Wait{{Run: 7, Task: "load", Start: machine.Start{N: 1, Rule: 2, By: []*freshet.Event{seen}, At: at(3)}}},
			Rules: []machine.RuleRow{{Run: 7, Rule: 0, State: machine.RuleState{{}, {Event: seen, At: at(3)}}},
				{Run: 7, Rule: 2, State: machine.RuleState{{Event: seen, At: at(3), Count: 2, Sum: 7.5}}}},
		}},
	}
	ignore := cmpopts.IgnoreUnexported(machine.Entry{})
	if d := cmp.Diff(want, snap, ignore); d != "" {
		t.Errorf("snapshot (-want +got):\n%s", d)
	}
	due, next, err := s.Due(t.Context(), at(10), 10)
	if err != nil {
		t.Fatal(err)
	}
	timer := machine.Timer{Kind: machine.RetryTimer, Key: key, Due: at(9)}
	if d := cmp.Diff([]store.TimerRow{{Namespace: "default", Timer: timer}}, due); d != "" || !next.Equal(at(3601)) {
		t.Errorf("next due %s, timers (-want +got):\n%s", next, d)
	}
	entries, err := s.Journal(t.Context(), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]machine.Entry{
		{Offset: 2, Namespace: "default", Kind: machine.StartRun, Time: at(1), Run: 7, Depth: 1, Cause: 1, Event: began, Body: machine.Body{
			Start: &machine.RunStart{Workflow: "w", Version: "v1", Type: freshet.ByEvent, Parameters: map[string]any{"n": int64(2), "x": 2.0}}}},
		{Offset: 3, Namespace: "default", Kind: machine.EventHappened, Time: at(3), Run: 7, Event: seen},
		{Offset: 4, Namespace: "default", Kind: machine.RunEnded, Time: at(4), Run: 6, Cause: 2, Body: machine.Body{Status: freshet.Success, Workflow: "w"}},
	}, entries, ignore); d != "" {
		t.Errorf("journal (-want +got):\n%s", d)
	}
	if n, err := s.Runs(t.Context(), store.RunFilter{}); err != nil || len(n) != 2 {
		t.Errorf("%d runs (%v)", len(n), err)
	}
	// What it was is written over, and goes.
	commit(t, s, &store.Batch{Leader: snap.Leader, Untimers: []machine.Timer{timer}, Rules: []machine.RuleRow{{Run: 7, Rule: 2, State: machine.RuleState{{}}}}})
	if snap, err = s.Load(t.Context()); err != nil || !snap.NextDue.Equal(at(3601)) || len(snap.Runs[0].Rules) != 1 {
		t.Errorf("afterwards: %+v (%v)", snap, err)
	}
}

// TestUpgradeOfAnEmptyDatabase: the namespace `default` is always there.
func TestUpgradeOfAnEmptyDatabase(t *testing.T) {
	s, err := Open(t.Context(), older(t, "SELECT 1"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := s.Namespaces(t.Context(), "")
	if d := cmp.Diff([]freshet.Namespace{{Name: "default", Properties: map[string]any{}}}, list); err != nil || d != "" {
		t.Errorf("namespaces (%v, -want +got):\n%s", err, d)
	}
}

// TestUpgradeKnowsWhatTookPart: what took part in what triggers fired on is
// found in the ledger of an older database.
func TestUpgradeKnowsWhatTookPart(t *testing.T) {
	s, err := Open(t.Context(), older(t, `INSERT INTO ledger VALUES
		(7, 0, 0, 'default', '[{"r":0,"o":"fired","by":[3,5,7],"g":1,"w":"w"},{"r":0,"o":"fired","by":[5,7],"g":2,"w":"w"},{"r":0,"o":"remembered"}]'),
		(8, 0, 0, 'default', '[{"r":0,"o":"fired","by":[8],"g":1,"w":"w"}]'), (9, 0, 0, 'default', '[]'),
		(9, 1, 0, 'default', '[{"r":0,"o":"fired","by":[3,9]}]')`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rows, err := s.writer.pool.QueryContext(t.Context(), "SELECT pos || ' ' || fired_at FROM contributions ORDER BY pos, fired_at")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		text, err := column[string](rows)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, text)
	}
	if d := cmp.Diff([]string{"3 7", "5 7"}, found); d != "" || rows.Err() != nil {
		t.Errorf("%v (-want +got):\n%s", rows.Err(), d)
	}
}

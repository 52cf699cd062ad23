package sqlite

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func openTest(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "freshet.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestPlans prepares every statement on a new database, and looks at how it
// would be run: nothing reads a table from end to end, and what pages reads in
// the order that it gives.
func TestPlans(t *testing.T) {
	s := openTest(t)
	whole := map[string]string{ // statement: why it may read all of a table, or sort
		"workflow_all":          "all workflows are loaded",
		"workflow_list":         "workflows are few",
		"trigger_all":           "all triggers are loaded",
		"place_all":             "all places are loaded",
		"namespace_all":         "namespaces are few",
		"namespace_list":        "namespaces are few",
		"name_workflow":         "workflows are few",
		"name_task":             "workflows are few",
		"name_namespace":        "workflows and namespaces are few",
		"remembered_rules":      "what is alive is loaded",
		"remembered_waits":      "what is alive is loaded",
		"removed_runs":          "they are few",
		"removed_workflows":     "they are few",
		"ended_flows":           "it begins with one row",
		"execution_list":        "a run is shown as a whole",
		"execution_list_newest": "a run is shown as a whole",
		"event_key_count":       "counting is grouping",
		"event_namespace_count": "counting is grouping",
		"event_run_count":       "counting is grouping",
		"event_sender_count":    "counting is grouping",

		"event_sender_key_count": "counting is grouping",
	}
	for _, name := range slices.Sorted(maps.Keys(statements)) {
		for _, step := range plan(t, s, name) {
			scans := strings.HasPrefix(step, "SCAN") && !strings.Contains(step, "INDEX") &&
				!slices.Contains([]string{"SCAN found", "SCAN shard", "SCAN k VIRTUAL TABLE INDEX 1:", "SCAN CONSTANT ROW"}, step) &&
				!strings.Contains(step, "pragma_") && !strings.Contains(step, "json_each")
			sorts := strings.Contains(step, "TEMP B-TREE") && !strings.Contains(step, "LAST TERM")
			checks := strings.HasPrefix(name, "check_") // they look at everything, when somebody asks
			if whole[name] == "" && !checks && (scans || sorts) {
				t.Errorf("%s: %s", name, step)
			}
		}
	}
}

func plan(t *testing.T, s *Store, name string) []string {
	t.Helper()
	ctx := t.Context()
	if err := s.writer.open(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := s.writer.stmt(ctx, name); err != nil {
		t.Error(err)
		return nil
	}
	rows, err := s.writer.sql.QueryContext(ctx, "EXPLAIN QUERY PLAN "+statement(name), make([]any, 32)...)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return nil
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

// TestIndexes names the index by which each list finds its page.
func TestIndexes(t *testing.T) {
	s := openTest(t)
	for name, want := range map[string]string{
		"run_alive":             "SCAN runs USING INDEX runs_alive",
		"run_ids":               "SEARCH runs USING INTEGER PRIMARY KEY (rowid<?)",
		"run_ids_namespace":     "SEARCH runs USING COVERING INDEX runs_namespace (namespace=? AND status=? AND rowid<?)",
		"run_ids_workflow":      "SEARCH runs USING COVERING INDEX runs_workflow (namespace=? AND workflow=? AND status=? AND rowid<?)",
		"run_by_key":            "SEARCH runs USING COVERING INDEX runs_start_key (namespace=? AND start_key=?)",
		"journal_after":         "SEARCH journal USING INTEGER PRIMARY KEY (rowid>?)",
		"event_key_asc":         "SEARCH journal USING INDEX journal_key (namespace=? AND event_key=? AND rowid>? AND rowid<?)",
		"event_namespace_desc":  "SEARCH journal USING INDEX journal_namespace (namespace=? AND rowid>? AND rowid<?)",
		"event_run_asc":         "SEARCH journal USING INDEX journal_run (run=? AND rowid>? AND rowid<?)",
		"event_known":           "SEARCH j USING INDEX journal_id (namespace=? AND sender=? AND event_id=?)",
		"execution_held":        "SEARCH executions USING INDEX executions_held (run=?)",
		"execution_survey":      "SEARCH executions USING INDEX executions_held (run=?)",
		"execution_held_task":   "SEARCH executions USING INDEX executions_held (run=? AND task=?)",
		"ledger_task":           "SEARCH ledger USING INDEX ledger_run (run=? AND pos>? AND pos<?)",
		"execution_task_newest": "SEARCH e USING PRIMARY KEY (run=? AND task=? AND seq>? AND seq<?)",
		"ledger_of":             "SEARCH ledger USING PRIMARY KEY (pos=?)",
		"ledger_for":            "SEARCH ledger USING INDEX ledger_run (run=? AND pos>? AND pos<?)",
		"timer_due":             "SCAN timers USING COVERING INDEX timers_due",
		"event_sender_desc":     "SEARCH journal USING INDEX journal_sender (namespace=? AND sender=? AND rowid>? AND rowid<?)",
		"event_sender_key_desc": "SEARCH journal USING COVERING INDEX journal_sender_key (namespace=? AND sender=? AND event_key=? AND rowid>? AND rowid<?)",
		"event_refs":            "SEARCH journal USING INTEGER PRIMARY KEY (rowid=?)",
		"mark_cut":              "SEARCH marks USING PRIMARY KEY (run=? AND rule=? AND node=? AND n<?)",
		"mark_forget":           "SEARCH marks USING PRIMARY KEY (run=? AND rule=?)",
		"mark_of":               "SEARCH marks USING PRIMARY KEY (run=?)",
		"rule_forget":           "SEARCH rules USING PRIMARY KEY (run=? AND rule=?)",
		"timer_alive":           "SEARCH t USING PRIMARY KEY (run=? AND kind=?)",
		"timer_forget":          "SEARCH timers USING PRIMARY KEY (run=? AND kind=? AND rule=?)",
		"timer_of":              "SEARCH timers USING PRIMARY KEY (run=? AND kind=?)",
		"timer_trigger":         "SEARCH timers USING PRIMARY KEY (run=? AND kind=? AND rule=?)",
		"trigger_ids":           "SEARCH triggers USING INTEGER PRIMARY KEY (rowid>?)",
		"trigger_ids_namespace": "SEARCH triggers USING COVERING INDEX triggers_namespace (namespace=? AND kind=? AND rowid>?)",
		"trigger_ids_workflow":  "SEARCH triggers USING COVERING INDEX triggers_workflow (namespace=? AND workflow=? AND kind=? AND rowid>?)",
		"trigger_rows":          "SEARCH d USING PRIMARY KEY (run=? AND kind=? AND rule=?)",
		"place_list":            "SEARCH places USING INDEX places_task (namespace=? AND workflow=? AND task=? AND key=?)",
		"place_delete":          "SEARCH places USING PRIMARY KEY (run=? AND task=? AND seq=? AND item=?)",
		"run_ids_place":         "SEARCH runs USING COVERING INDEX runs_place (namespace=? AND workflow=? AND place=? AND status=? AND rowid<?)",
		"ended_runs":            "SEARCH runs USING COVERING INDEX runs_ended (namespace=? AND workflow=? AND ended_at>? AND ended_at<?)",
		"ended_executions":      "SEARCH executions USING PRIMARY KEY (run=? AND task=? AND seq<?)",
		"execution_often":       "SCAN e USING INDEX executions_many",
		"ledger_before":         "SEARCH ledger USING COVERING INDEX ledger_run (run=? AND pos<?)",
		"run_old":               "SEARCH r USING INDEX runs_alive (id>?)",
		"sweep_entries":         "SEARCH journal USING INTEGER PRIMARY KEY (rowid=?)",
		"sweep_unneeded":        "SEARCH j USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
		"version_list":          "SEARCH versions USING INDEX versions_newest (namespace=? AND name=?)",
	} {
		if steps := plan(t, s, name); !slices.Contains(steps, want) {
			t.Errorf("%s: %q is not in the plan:\n%s", name, want, strings.Join(steps, "\n"))
		}
	}
}

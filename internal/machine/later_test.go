package machine

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
)

// someSecrets are secrets by name.
type someSecrets map[string]string

func (s someSecrets) Field(name string) (any, bool) {
	if v, ok := s[name]; ok {
		return v, true
	}
	return freshet.Errorf(freshet.NotFound, "there is no secret %s", name), false
}
func (s someSecrets) Names() []string { return nil }

const withSecrets = `
timezone: Europe/Paris
env:
  PLAIN: "p${{ run.id }}"
  TOKEN: "${{ secrets.TOKEN }}"
  BOTH: "${{ env.PLAIN }}-${{ env.TOKEN }}"
tasks:
  t:
    command: [say, "${{ env.PLAIN }}", "${{ env.BOTH }} on ${{ date(run.scheduled_at) }}"]
    env: {LAST: "${{ env.BOTH }}!", PLAIN: "own"}
    with: {n: 3, k: "${{ [secrets.TOKEN, run.id] }}"}
    working_dir: /srv/${{ secrets.DIR }}
    emit: {key: done, value: "${{ env.PLAIN }}"}
`

// TestLater: what mentions secrets is kept as a template, of which all else has
// been computed, and is completed from the secrets alone.
func TestLater(t *testing.T) {
	call := play(t, withSecrets, "start\nt: queued #1\n").latest("t").Call
	want := &Call{
		Args:  []string{"say", "own", "${{ env.BOTH }} on 2026-01-02"},
		Env:   [][2]string{{"PLAIN", "p1"}, {"TOKEN", "${{ secrets.TOKEN }}"}, {"BOTH", "p1-${{ env.TOKEN }}"}, {"LAST", "${{ env.BOTH }}!"}, {"PLAIN", "own"}},
		Input: map[string]any{"n": int64(3), "k": "${{ [secrets.TOKEN, run.id] }}"},
		Dir:   "/srv/${{ secrets.DIR }}",
		Later: &Later{Args: []int{2}, Env: []int{1, 2, 3}, Input: []string{"k"}, Dir: true, Zone: "Europe/Paris", Given: map[string]any{"run": map[string]any{"id": int64(1)}}},
	}
	if diff := cmp.Diff(want, call); diff != "" {
		t.Fatal(diff)
	}
	before, _ := json.Marshal(call)
	got, err := call.Complete(someSecrets{"TOKEN": "s3cret", "DIR": "d"})
	if err != nil {
		t.Fatal(err)
	}
	whole := &Call{
		Args:  []string{"say", "own", "p1-s3cret on 2026-01-02"},
		Env:   [][2]string{{"PLAIN", "p1"}, {"TOKEN", "s3cret"}, {"BOTH", "p1-s3cret"}, {"LAST", "p1-s3cret!"}, {"PLAIN", "own"}},
		Input: map[string]any{"n": int64(3), "k": []any{"s3cret", int64(1)}},
		Dir:   "/srv/d",
	}
	if diff := cmp.Diff(whole, got); diff != "" {
		t.Error(diff)
	}
	if after, _ := json.Marshal(call); string(after) != string(before) {
		t.Errorf("what is kept was changed: %s", after)
	}
	_, err = call.Complete(someSecrets{"TOKEN": "s3cret"})
	if err == nil || !strings.Contains(err.Error(), "working_dir: there is no secret DIR") {
		t.Errorf("a secret that is not set: %v", err)
	}
}

// TestLaterIsMasked: an approval, which people read, shows no secret.
func TestLaterIsMasked(t *testing.T) {
	w := play(t, `
env: {TOKEN: "${{ secrets.TOKEN }}", PLAIN: x}
tasks:
  a: {approval: "deploy ${{ env.PLAIN }} with ${{ secrets.TOKEN }} or ${{ env.TOKEN }}?"}
`, "start\na: running #1\n")
	if got := w.latest("a").Call.Message; got != "deploy x with *** or ***?" {
		t.Error(got)
	}
}

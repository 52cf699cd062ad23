package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// TestListenSaysWhatIsMissing: a listener hears, beside the events, that the
// journal did not go on from where it was.
func TestListenSaysWhatIsMissing(t *testing.T) {
	a, out := quiet(t)
	a.flags.output = plainFormat
	heard := a.heard(1)
	if err := heard(freshet.Message{Kind: client.KindReset, Offset: 9}); err != nil {
		t.Fatal(err)
	}
	want := "warning: events are left out: the journal is whole only after offset 9; older ones are not kept any more, or a backup was restored\n" +
		"hint: `freshet event list` shows those that are kept\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	if err := heard(freshet.Message{Kind: "event", Offset: 10, Event: &freshet.Event{Offset: 10, Key: "k"}}); err != errEnough {
		t.Errorf("the reset was counted: %v", err)
	}
}

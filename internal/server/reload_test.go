package server

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/setting"
)

// TestLiveSettingsAreTakenUp: each setting that says so has somebody who takes
// a new value up, and no other has.
func TestLiveSettingsAreTakenUp(t *testing.T) {
	for _, s := range setting.All() {
		if _, ok := taken[s.Name]; ok != s.Live {
			t.Errorf("the setting %s is live: %v; it is taken up: %v", s.Name, s.Live, ok)
		}
		if s.Live && s.Commands {
			t.Errorf("the setting %s means nothing to a server", s.Name)
		}
	}
}

func TestChanged(t *testing.T) {
	var before, now []setting.Value
	for _, s := range setting.All() {
		before = append(before, setting.Value{Setting: s, Text: "old"})
		now = append(now, setting.Value{Setting: s, Text: map[string]string{"slots": "new", "auth_token": "new", "server": "new"}[s.Name]})
		if now[len(now)-1].Text == "" {
			now[len(now)-1].Text = "old"
		}
	}
	want := []freshet.SettingChange{{Name: "auth_token", From: "***", To: "***", Restart: true}, {Name: "slots", From: "old", To: "new"}}
	if d := cmp.Diff(want, changed(before, now)); d != "" {
		t.Error(d)
	}
}

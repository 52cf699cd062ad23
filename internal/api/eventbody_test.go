package api

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
)

func FuzzEventBody(f *testing.F) {
	for _, seed := range []string{`[{"key":"k","value":"v","id":"1"}]`, `[{"key":"k","run_id":1},{"key":"\u0000"}]`, `[`, `{}`, `[null]`,
		`[{"key":"\ud800"}]`, "[{\"key\":\"\xff\"}]", `[{"KEY":"k"}]`, `[{"key":"a","key":"b"}]`, `[{}] []`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := parseEvents(body)
		if err != nil {
			if code := freshet.CodeOf(err); code != freshet.Invalid && code != freshet.TooLarge {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		if len(events) == 0 || len(events) > maxEvents {
			t.Fatalf("%q gives %d events", body, len(events))
		}
		// What was understood is understood the same when it is sent again.
		again, err := json.Marshal(events)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseEvents(again)
		if err != nil || !cmp.Equal(events, back) {
			t.Fatalf("%q: %v\n%s", body, err, cmp.Diff(events, back))
		}
	})
}

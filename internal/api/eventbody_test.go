package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

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

func FuzzCloudEvent(f *testing.F) {
	for _, seed := range []string{`{"specversion":"1.0","type":"k","source":"s","id":"1","data":{"a":1}}`, `{`, `[]`, `null`, `{"data_base64":"/w=="}`,
		`{"specversion":"1.0","type":"k","source":"s","id":"1","data_base64":"/w==","time":"2026-11-21T06:00:00Z"}`,
		`{"specversion":"1.0","type":"k","source":"s","id":"1","data":"\u0000","datacontenttype":"a/b","x":1e400}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := structured(body, func(c attributes, data []byte) (freshet.EventRequest, error) { return c.request(0, data) })
		if err != nil {
			if freshet.CodeOf(err) != freshet.Invalid {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		if e.Key == "" || e.Sender == "" || e.ID == "" || !utf8.ValidString(e.Value) || !json.Valid([]byte(e.Context)) {
			t.Fatalf("%q gives %+v", body, e)
		}
	})
}

// deadlines remembers the deadline of a connection.
type deadlines struct {
	*httptest.ResponseRecorder
	last []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.last = append(d.last, t)
	return nil
}

// TestBodyDeadline: a body must arrive in time, and once it has, the answer
// may take longer than that.
func TestBodyDeadline(t *testing.T) {
	a := New(Config{Gate: anybody{}, Stop: func(bool) {}})
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	a.ServeHTTP(w, httptest.NewRequest("POST", "/api/v1/server/stop", strings.NewReader(`{"stop_tasks": true}`)))
	if w.Code != http.StatusAccepted || len(w.last) < 2 || w.last[0].IsZero() || !w.last[len(w.last)-1].IsZero() {
		t.Errorf("%d: deadlines %v", w.Code, w.last)
	}
}

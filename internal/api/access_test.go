package api_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/machine"
)

var clientAll = client.WorkflowQuery{}

func asError(err error, e **freshet.Error) bool { return errors.As(err, e) }

func TestAccess(t *testing.T) {
	w := newWorld(t)
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	host := func(value string) func(*http.Request) { return func(r *http.Request) { r.Host = value } }
	for _, c := range []struct {
		name, path string
		change     func(*http.Request)
		code       freshet.ErrorCode
		words      string
	}{
		{"no token", "/api/v1/server", func(r *http.Request) { r.Header.Del("Authorization") }, freshet.Unauthed, "carries no token"},
		{"wrong token", "/api/v1/server", header("Authorization", "Bearer wrong"), freshet.Unauthed, "not the one of this server"},
		{"another scheme", "/api/v1/server", header("Authorization", "Basic "+token), freshet.Unauthed, "carries no token"},
		{"forged token of a task", "/api/v1/server", header("Authorization", "Bearer fx_e30.AAAA"), freshet.Unauthed, "not one of this server"},
		{"unknown paths too", "/api/v1/nothing", func(r *http.Request) { r.Header.Del("Authorization") }, freshet.Unauthed, "carries no token"},
		{"the page too", "/api/docs", func(r *http.Request) { r.Header.Del("Authorization") }, freshet.Unauthed, "carries no token"},
		{"rebound name", "/api/v1/server", host("evil.example:3737"), freshet.Forbidden, `not called "evil.example:3737"`},
		{"another port", "/api/v1/server", host("127.0.0.1:1"), freshet.Forbidden, "not called"},
		{"no port", "/api/v1/server", host("localhost"), freshet.Forbidden, "not called"},
		{"foreign page", "/api/v1/server", header("Origin", "http://evil.example"), freshet.Forbidden, "pages of"},
		{"page of another port here", "/api/v1/server", header("Origin", "http://127.0.0.1:1"), freshet.Forbidden, "pages of"},
		{"hidden page", "/api/v1/server", header("Origin", "null"), freshet.Forbidden, "pages of"},
	} {
		t.Run(c.name, func(t *testing.T) {
			refused(t, w.call("GET", c.path, c.change), c.code, c.code.HTTPStatus(), c.words)
		})
	}
	for name, change := range map[string]func(*http.Request){
		"own page":  header("Origin", w.URL),
		"localhost": host("localhost" + w.URL[len("http://127.0.0.1"):]),
	} {
		if resp := w.call("GET", "/api/v1/server", change); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", name, resp.Status)
		}
	}
}

func TestTaskToken(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload(two)
	run, other := w.run("two"), w.run("two")
	s := w.next()
	w.report(s, machine.Started, 0)
	own, foreign := s.Run.ID, run.ID+other.ID-s.Run.ID
	task := w.as(w.Issuer.Issue(s.Execution.Key, s.Execution.Epoch, "default"))

	sent, err := task.SendEvent(ctx, "default", freshet.EventRequest{Key: "k", Value: "1"})
	if err != nil {
		t.Fatal(err)
	}
	events, err := w.client.Events(ctx, client.EventQuery{})
	if err != nil || len(events) != 1 || events[0].Sender != "first" || events[0].RunID != own || events[0].Offset != sent.Offset {
		t.Errorf("the event does not carry whose it is: %+v %v", events, err)
	}
	if _, err := task.SendEvent(ctx, "default", freshet.EventRequest{Key: "k", RunID: foreign, Sender: "me"}); err != nil {
		t.Errorf("an event for another run: %v", err)
	}
	if r, err := task.Run(ctx, own); err != nil || r.ID != own {
		t.Errorf("own run: %v", err)
	}
	if _, err := task.Tasks(ctx, own, 0); err != nil {
		t.Errorf("own tasks: %v", err)
	}
	for what, call := range map[string]func() error{
		"another run":       func() error { _, err := task.Run(ctx, foreign); return err },
		"another namespace": func() error { _, err := task.SendEvent(ctx, "other", freshet.EventRequest{Key: "k"}); return err },
		"the list of runs":  func() error { _, err := task.Runs(ctx, client.RunQuery{}); return err },
		"stop":              func() error { _, err := task.StopRun(ctx, own); return err },
		"the server":        func() error { return task.StopServer(ctx, true) },
		"events":            func() error { _, err := task.Events(ctx, client.EventQuery{}); return err },
		"upload":            func() error { _, err := task.MissingBlobs(ctx, nil); return err },
	} {
		if err := call(); freshet.CodeOf(err) != freshet.Forbidden {
			t.Errorf("%s: %v", what, err)
		}
	}
	if w.Asked.Load() != 0 {
		t.Error("a task stopped the server")
	}
	w.report(s, machine.Ended, 0)
	_, err = task.SendEvent(ctx, "default", freshet.EventRequest{Key: "k"})
	if freshet.CodeOf(err) != freshet.Unauthed || err.Error() != "this token was for run 1 task first, which has ended" && s.Run.ID == 1 {
		t.Errorf("after its end: %v", err)
	}
}

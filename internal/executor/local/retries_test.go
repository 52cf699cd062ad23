package local_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/executor/local"
)

// hangsUp is a keeper that ends the connection at the first requests of an
// operation, and answers the next one.
func hangsUp(t *testing.T, home, op string, times int) <-chan time.Time {
	t.Helper()
	dir := filepath.Join(home, "keeper")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "socket")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "keeper.json"), fmt.Appendf(nil, `{"instance":"odd","socket":%q}`, socket), 0o600); err != nil {
		t.Fatal(err)
	}
	asked := make(chan time.Time, 2*times)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			in := bufio.NewReader(c)
			for {
				line, err := in.ReadBytes('\n')
				var r struct {
					ID int64  `json:"id"`
					Op string `json:"op"`
				}
				if err != nil || json.Unmarshal(line, &r) != nil {
					break
				}
				if r.Op == op {
					asked <- time.Now()
					if times--; times >= 0 {
						break
					}
				}
				states := "[]"
				if r.Op == "start" || r.Op == "stop" {
					states = "[{}]"
				}
				fmt.Fprintf(c, `{"id":%d,"hello":{"protocol":1,"version":"1","instance":"odd"},"states":%s}`+"\n", r.ID, states)
				if times < 0 {
					break // the client's goroutine ends with the test
				}
			}
			c.Close()
		}
	}()
	t.Cleanup(func() { listener.Close(); <-done })
	return asked
}

// TestPausesWhereAKeeperHangsUp: what is asked again is asked at growing
// distances, and the trouble is told of once.
func TestPausesWhereAKeeperHangsUp(t *testing.T) {
	for op, ask := range map[string]func(*local.Local, executor.Attempt) error{
		"start":   func(l *local.Local, a executor.Attempt) error { return l.Start(t.Context(), a) },
		"stop":    func(l *local.Local, a executor.Attempt) error { return l.Stop(t.Context(), a.Key, time.Second) },
		"release": func(l *local.Local, a executor.Attempt) error { return l.Release(t.Context(), []freshet.Key{a.Key}) },
		"list":    func(l *local.Local, a executor.Attempt) error { _, err := l.Node(t.Context()); return err },
	} {
		t.Run(op, func(t *testing.T) {
			var said bytes.Buffer
			home := t.TempDir()
			binary, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			asked := hangsUp(t, home, op, 3)
			l := local.New(local.Config{Home: home, Binary: binary, Version: "1", Logger: slog.New(slog.NewTextHandler(&said, nil))})
			a := executor.Attempt{Key: freshet.Key{Run: 1, Task: "t", Item: freshet.NoItem, Seq: 1, Try: 1}, Epoch: 1,
				Namespace: "default", Workflow: "w", Args: []string{"true"}}
			if err := ask(l, a); err != nil {
				t.Fatal(err)
			}
			if len(asked) != 4 {
				t.Fatalf("asked %d times", len(asked))
			}
			<-asked // the first time it is asked again at once
			a1, a2, a3 := <-asked, <-asked, <-asked
			first, second := a2.Sub(a1), a3.Sub(a2)
			if first < 50*time.Millisecond || second < 100*time.Millisecond {
				t.Errorf("asked again after %v and %v", first, second)
			}
			if n := strings.Count(said.String(), "\n"); n != 1 || !strings.Contains(said.String(), op) {
				t.Errorf("it said:\n%s", said.String())
			}
		})
	}
}

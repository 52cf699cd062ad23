package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// served is a server that the bench has started.
type served struct {
	*client.Client
	home string
	cmd  *exec.Cmd
}

// serve starts a server on a home of the given name and returns how long it
// took until it was ready.
func (b *bench) serve(ctx context.Context, name string) (*served, time.Duration, error) {
	home := filepath.Join(b.work, name)
	cmd := exec.CommandContext(ctx, b.binary, "server", "start", "--home", home, "--listen", "127.0.0.1:0")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, 0, err
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	took := time.Since(begin)
	words := strings.Fields(line)
	if err != nil || len(words) < 2 || words[0] != "ready" {
		return nil, 0, fmt.Errorf("the server said %q: %v", line, err)
	}
	token, err := os.ReadFile(filepath.Join(home, "token"))
	if err != nil {
		return nil, 0, err
	}
	c, err := client.New(client.Config{URL: words[1], Token: strings.TrimSpace(string(token))})
	if err != nil {
		return nil, 0, err
	}
	return &served{c, home, cmd}, took, nil
}

// stop ends the server, with its tasks.
func (s *served) stop() error {
	s.Close()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.cmd.Wait()
}

// keep uploads one workflow.
func (s *served) keep(ctx context.Context, source string) error {
	_, err := s.Upload(ctx, freshet.DefaultNamespace,
		freshet.UploadRequest{Documents: []freshet.Document{{Name: "bench.yaml", Source: source}}}, nil)
	return err
}

// start starts a run.
func (s *served) start(ctx context.Context, workflow string) (freshet.Run, error) {
	return s.StartRun(ctx, freshet.DefaultNamespace, workflow, "", freshet.RunRequest{})
}

// run runs a workflow and returns how long that took, as its caller sees it.
func (s *served) run(ctx context.Context, workflow string) (time.Duration, error) {
	begin := time.Now()
	r, err := s.start(ctx, workflow)
	if err != nil {
		return 0, err
	}
	if r, err = s.WaitRun(ctx, r.ID); err != nil {
		return 0, err
	}
	if r.Status != freshet.Success {
		return 0, fmt.Errorf("run %d of %s ended %s: %s", r.ID, workflow, r.Status, r.Reason)
	}
	return time.Since(begin), nil
}

// memory is what the server's process has in memory, in bytes.
func (s *served) memory() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		var kb int64
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kb); n == 1 {
			return kb << 10, nil
		}
	}
	return 0, fmt.Errorf("no VmRSS")
}

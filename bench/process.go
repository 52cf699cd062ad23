package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// server starts one that keeps so many warm kernels, with a workflow and the
// notebook that it needs.
func (n *notebookBench) server(ctx context.Context, name string, warm int, flow, notebook string) (*notebookServer, error) {
	home := filepath.Join(n.work, name)
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	settings := fmt.Sprintf("warm_kernels: %d\nwarm_memory: 4GB\n", warm)
	if err := os.WriteFile(filepath.Join(home, "freshet.yaml"), []byte(settings), 0o600); err != nil {
		return nil, err
	}
	served, _, err := n.serve(ctx, name)
	if err != nil {
		return nil, err
	}
	s := &notebookServer{served: served}
	file := filepath.Join(n.dir, name+".yaml")
	if err = os.WriteFile(file, []byte(flow), 0o600); err == nil {
		upload := exec.CommandContext(ctx, n.binary, "workflow", "upload", file)
		upload.Env = append(os.Environ(), "FRESHET_HOME="+home)
		upload.Stderr = os.Stderr
		err = upload.Run()
	}
	if err == nil {
		s.keeper, err = s.keeperOf(ctx)
	}
	if err != nil {
		_ = served.stop()
		return nil, fmt.Errorf("prepare %s: %w", name, err)
	}
	return s, nil
}

// keeperOf waits until the server has a keeper, and returns its process.
func (s *served) keeperOf(ctx context.Context) (int, error) {
	for ; ; time.Sleep(5 * time.Millisecond) {
		var info struct{ PID int }
		raw, err := os.ReadFile(filepath.Join(s.home, "keeper", "keeper.json"))
		if err == nil && json.Unmarshal(raw, &info) == nil && info.PID != 0 {
			return info.PID, nil
		}
		if ctx.Err() != nil {
			return 0, errors.Join(err, ctx.Err())
		}
	}
}

// notebookServer is a server whose processes are looked at.
type notebookServer struct {
	*served
	keeper int
}

// sample runs a workflow of one notebook, when nothing else goes on.
func (s *notebookServer) sample(ctx context.Context, to *sample, workflow string, warm int) error {
	if err := s.quiet(ctx, warm); err != nil {
		return err
	}
	before := s.cpu()
	most := highestOf(s.runner)
	t, err := s.run(ctx, workflow)
	memory := most()
	if err != nil {
		return err
	}
	to.took, to.memory = append(to.took, t), max(to.memory, memory)
	if err := s.quiet(ctx, warm); err != nil {
		return err
	}
	to.cpu += s.cpu() - before
	return nil
}

// quiet waits until so many kernels wait and nobody works.
func (s *notebookServer) quiet(ctx context.Context, warm int) error {
	const long = 300 * time.Millisecond
	last, since := time.Duration(-1), time.Now()
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if err := ctx.Err(); err != nil {
			return err
		}
		now := s.cpu()
		// An idle kernel uses a little; the clock of the kernel counts in 10 ms.
		if now-last > 10*time.Millisecond || len(children(s.keeper)) != warm {
			last, since = now, time.Now()
			continue
		}
		if time.Since(since) > long {
			return nil
		}
	}
	return fmt.Errorf("not quiet: %d processes are there instead of %d", len(children(s.keeper)), warm)
}

// cpu is what the server, its keeper and all that they have started have used.
// Of the processes that wait for work, what they have used so far counts.
func (s *notebookServer) cpu() time.Duration {
	sum := used(s.cmd.Process.Pid) + used(s.keeper)
	for _, pid := range children(s.keeper) {
		sum += used(pid)
	}
	return sum
}

// runner is the memory of the process that runs a notebook, 0 where there is
// none.
func (s *notebookServer) runner() (most int64) {
	for _, pid := range children(s.keeper) {
		args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if strings.Contains(string(args), "\x00operator\x00notebook\x00") {
			most = max(most, highest(pid))
		}
	}
	return most
}

// children are the processes that a process has started.
func children(pid int) (list []int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range tasks {
		raw, _ := os.ReadFile(file)
		for _, word := range strings.Fields(string(raw)) {
			if child, err := strconv.Atoi(word); err == nil {
				list = append(list, child)
			}
		}
	}
	return list
}

// used is the processor time of a process and of those it has waited for.
func used(pid int) time.Duration {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(raw), ") ")
	fields := strings.Fields(rest)
	var ticks int64
	for i := 11; i < 15 && i < len(fields); i++ { // utime, stime, and those of children
		n, _ := strconv.ParseInt(fields[i], 10, 64)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// highest is the most memory that a process has had, 0 where there is none.
func highest(pid int) int64 {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(raw), "VmHWM:")
	var kb int64
	_, _ = fmt.Sscan(rest, &kb)
	return kb << 10
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

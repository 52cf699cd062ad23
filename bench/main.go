// Command bench measures a freshet binary from outside, beside the floor of
// the same machine in the same run: bare fork-and-exec of the same commands,
// and one fsync. It prints one table. Every load is bounded and goes to a
// server that it has started itself on the loopback interface.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

func main() {
	binary := flag.String("freshet", "bin/freshet", "the binary to measure")
	dir := flag.String("dir", "", "where homes are made; empty: beside the binary, on the same disk")
	only := flag.String("only", "", "measure only the sections whose name begins so")
	runs := flag.Int("runs", 1_000_000, "ended runs of the section many")
	events := flag.Int("events", 10_000_000, "events of the section many")
	python := flag.String("python", "", "a Python with ipykernel and papermill, for the section notebook; empty: $FRESHET_TEST_PYTHON")
	flag.Parse()
	limit := 20 * time.Minute
	if *only == "many" {
		limit = time.Hour
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := run(ctx, *dir, bench{binary: *binary, only: *only, python: *python, runs: *runs, events: *events}); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, b bench) error {
	var err error
	if b.binary, err = filepath.Abs(b.binary); err != nil {
		return err
	}
	if dir == "" {
		dir = filepath.Dir(b.binary)
	}
	if b.work, err = os.MkdirTemp(dir, "bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	if err := b.floor(); err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	for _, s := range sections {
		if !b.wanted(s.name) || s.name == "many" && b.only != "many" { // it takes many minutes
			continue
		}
		fmt.Fprintln(os.Stderr, "measuring", s.name)
		if err := s.measure(ctx, &b); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	b.print(os.Stdout)
	return nil
}

// sections are what is measured, in order.
var sections = []struct {
	name    string
	measure func(context.Context, *bench) error
}{
	{"start-up", startUp},
	{"chain", chain},
	{"fan-out", fanOut},
	{"event", eventToProcess},
	{"expr", threeExprs},
	{"events", eventRate},
	{"layers", layers},
	{"rules", rules},
	{"schedules", schedules},
	{"due", due},
	{"why", why},
	{"notebook", notebooks},
	{"many", many},
}

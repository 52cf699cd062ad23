// Package jupyter starts kernels and speaks to them, in the Jupyter messaging
// protocol 5.3. It is what a native notebook runner needs of Jupyter: find a
// kernelspec, start the kernel, know as early as it can be known that it is
// ready, and as early as it can be known that it is dead; execute code and
// lose none of its output; interrupt it; end it so that nothing is left.
package jupyter

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options say how a kernel is started.
type Options struct {
	Dir string   // its working directory
	Env []string // its whole environment; the kernelspec's comes on top
	// Transport is IPC or TCP. Empty is IPC, or TCP where unix sockets cannot be
	// made.
	Transport string
	// RuntimeDir is where the private directory of its sockets is made; empty is
	// /tmp. Where its path is too long for a socket, it is /tmp too.
	RuntimeDir   string
	StartTimeout time.Duration // until its sockets are there; 0 is 60 s
	Grace        time.Duration // of each step of Kill; 0 is 2.5 s
	Stdout       io.Writer     // what it writes beside the protocol; nil drops it
	Stderr       io.Writer
	ClientOptions
}

// Kernel is a kernel that this process started, and the client of it.
type Kernel struct {
	*Client
	Spec       Spec
	Connection Connection
	File       string // its connection file, there while it lives

	child    *child
	grace    time.Duration
	ending   atomic.Bool // its end was asked for
	watching sync.WaitGroup
}

// attempts is how often a kernel is started whose ports others have taken
// between their choice and its start.
const attempts = 5

// Start starts a kernel in a process group of its own and waits until its
// sockets are there; it is ready when Ready says so. Who started a kernel calls
// Kill, however it ends.
func Start(ctx context.Context, spec Spec, o Options) (*Kernel, error) {
	if len(spec.Argv) == 0 {
		return nil, &Failure{Kind: StartFailed, Kernel: spec.Name, Err: errors.New("its argv is empty")}
	}
	for n := 1; ; n++ {
		k, err := start(ctx, spec, o)
		if err == nil || n == attempts || !portTaken(err) {
			return k, err
		}
	}
}

// portTaken says whether the start may succeed with other ports.
func portTaken(err error) bool {
	var f *Failure
	return errors.As(err, &f) && strings.Contains(strings.ToLower(f.Stderr), "address already in use")
}

func start(ctx context.Context, spec Spec, o Options) (*Kernel, error) {
	if o.StartTimeout == 0 {
		o.StartTimeout = 60 * time.Second
	}
	if o.Grace == 0 {
		o.Grace = 2500 * time.Millisecond
	}
	home, err := newPlace(o.RuntimeDir)
	if err != nil {
		return nil, err
	}
	dir, transport := home.dir, home.transport(o.Transport)
	if o.SpillDir == "" {
		o.SpillDir = os.TempDir()
	}
	k := &Kernel{Spec: spec, File: filepath.Join(dir, "kernel.json"), grace: o.Grace}
	if k.Connection, err = newConnection(transport, filepath.Join(dir, "k"), spec.Name); err == nil {
		err = k.Connection.Write(k.File)
	}
	if err == nil {
		k.child, err = startChild(spec.command(k.File), o.Dir, environ(&spec, o.Env), o.Stdout, o.Stderr)
		if err != nil {
			err = &Failure{Kind: StartFailed, Kernel: spec.Name, Err: err, Hint: hint(&spec, "")}
		}
	}
	if err != nil {
		return nil, errors.Join(err, home.remove())
	}
	k.Client = newClient(k.Connection, spec.Name, o.ClientOptions)
	k.Client.child, k.Client.pid = k.child, k.child.pid
	if !spec.ByMessage() {
		k.Client.signal = k.child.signal
	}
	k.watching.Go(func() { k.watch(home) })
	return k.up(ctx, o.StartTimeout)
}

// up waits for the kernel's sockets.
func (k *Kernel) up(ctx context.Context, timeout time.Duration) (*Kernel, error) {
	until, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	until, gone := context.WithCancelCause(until)
	defer gone(nil)
	k.watching.Go(func() {
		select {
		case <-k.child.done:
			gone(errors.New("its process ended"))
		case <-until.Done():
		}
	})
	err := k.connect(until)
	if err == nil {
		return k, nil
	}
	select {
	case <-k.child.done:
		<-k.dead
		err = k.death
	default:
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
	}
	if f := (*Failure)(nil); errors.As(err, &f) {
		f.Stderr = k.child.tail.String()
		f.Hint = hint(&k.Spec, f.Stderr)
		if f.Kind == Died {
			f.Kind = StartFailed
		}
	}
	already, cancel := context.WithCancel(context.Background())
	cancel()
	k.Kill(already)
	return nil, err
}

// hint says what to do about a kernel that does not start.
func hint(spec *Spec, stderr string) string {
	switch {
	case strings.Contains(stderr, "No module named ipykernel") || strings.Contains(stderr, "No module named 'ipykernel"):
		return spec.Argv[0] + " -m pip install ipykernel"
	case spec.Dir != "":
		return "see its argv in " + filepath.Join(spec.Dir, "kernel.json")
	}
	return ""
}

// watch notes the end of the kernel's process, and clears its files away.
func (k *Kernel) watch(home *place) {
	<-k.child.done
	_ = home.remove()
	k.ended(&Failure{Kind: Died, Kernel: k.Spec.Name, Exit: &k.child.exit, Stderr: k.child.tail.String()})
}

// PID is the kernel's process, and its group.
func (k *Kernel) PID() int { return k.child.pid }

// Done is closed when the kernel's process has ended.
func (k *Kernel) Done() <-chan struct{} { return k.child.done }

// Wait waits for the end of the kernel's process.
func (k *Kernel) Wait() Exit {
	<-k.child.done
	return k.child.exit
}

// ExitError is the Failure of a kernel whose process ended without being
// asked to; nil while it runs, and after Kill.
func (k *Kernel) ExitError() error {
	select {
	case <-k.child.done:
		if k.ending.Load() {
			return nil
		}
		<-k.dead
		return k.death
	default:
		return nil
	}
}

// Stderr is the end of what the kernel wrote to it.
func (k *Kernel) Stderr() string { return k.child.tail.String() }

// environ is the kernel's environment. Values of the kernelspec may speak of
// others as ${NAME}. JPY_PARENT_PID makes an ipykernel end soon after whoever
// started it has died.
func environ(spec *Spec, env []string) []string {
	all := append(env[:len(env):len(env)], "JPY_PARENT_PID="+strconv.Itoa(os.Getpid()))
	for _, name := range slices.Sorted(maps.Keys(spec.Env)) {
		value := os.Expand(spec.Env[name], func(n string) string { return lookup(env, n) })
		all = append(all, name+"="+value)
	}
	return all
}

// lookup leaves a name that is not there as it was written.
func lookup(env []string, name string) string {
	if v := variable(env, name); v != "" {
		return v
	}
	return "${" + name + "}"
}

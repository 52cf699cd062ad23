package cli

import (
	"context"
	"errors"
	"os"
	"sync"
	"syscall"
)

// errInterrupted is why a command ended that Ctrl-C, SIGTERM or the end of its
// terminal ended.
var errInterrupted = errors.New("interrupted")

// interrupts hands Ctrl-C, SIGTERM and SIGHUP to whoever is in charge of them:
// the command if it asked for them, else its context is cancelled.
type interrupts struct {
	mu     sync.Mutex
	handle func(count int)
	hangup func() bool // asked first about SIGHUP; true: that is all there was to do
}

func newInterrupts(cancel context.CancelCauseFunc) *interrupts {
	return &interrupts{handle: func(int) { cancel(errInterrupted) }}
}

// watch ends with ctx.
func (i *interrupts) watch(ctx context.Context, signals <-chan os.Signal) {
	for count := 1; ; {
		select {
		case <-ctx.Done():
			return
		case s := <-signals:
			i.mu.Lock()
			handle, hangup := i.handle, i.hangup
			i.mu.Unlock()
			if s == syscall.SIGHUP && hangup != nil && hangup() {
				continue
			}
			handle(count)
			count++
		}
	}
}

// take puts the command in charge: handle hears the first, second, …
// interrupt.
func (i *interrupts) take(handle func(count int)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.handle = handle
}

// takeHangup lets a command have a say about SIGHUP, which is then no
// interrupt where it returns true.
func (i *interrupts) takeHangup(handle func() bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.hangup = handle
}

package cli

import (
	"context"
	"errors"
	"os"
	"sync"
)

// errInterrupted is why a command ended that Ctrl-C, SIGTERM or the end of its
// terminal ended.
var errInterrupted = errors.New("interrupted")

// interrupts hands Ctrl-C, SIGTERM and SIGHUP to whoever is in charge of them:
// the command if it asked for them, else its context is cancelled.
type interrupts struct {
	mu     sync.Mutex
	handle func(count int)
}

func newInterrupts(cancel context.CancelCauseFunc) *interrupts {
	return &interrupts{handle: func(int) { cancel(errInterrupted) }}
}

// watch ends with ctx.
func (i *interrupts) watch(ctx context.Context, signals <-chan os.Signal) {
	for count := 1; ; count++ {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			i.mu.Lock()
			handle := i.handle
			i.mu.Unlock()
			handle(count)
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

package jupyter

import (
	"context"
	"errors"
	"syscall"
	"time"
)

// Interrupt asks the kernel to stop what it executes, as its kernelspec says:
// by a signal, or by a message. It does not wait until the kernel has.
func (c *Client) Interrupt(ctx context.Context) error {
	var err error
	if c.signal != nil {
		err = c.signal(syscall.SIGINT)
	} else {
		_, err = c.Request(ctx, Control, "interrupt_request", struct{}{})
	}
	select {
	case <-c.dead:
		return c.death
	default:
	}
	if err != nil && ctx.Err() == nil {
		return &Failure{Kind: Interrupted, Kernel: c.name, Err: err}
	}
	return err
}

// Shutdown asks the kernel to end itself, and waits for its answer. With
// restart it is told that another one takes its place.
func (c *Client) Shutdown(ctx context.Context, restart bool) error {
	channel := Control
	if c.ipython.Load() && !c.executing() {
		// Asked on control, an ipykernel (7.4) now and then waits ten seconds at
		// its end: what answers there goes on while the rest is taken down. On
		// shell it is the thread that ends the others which answers.
		channel = Shell
	}
	_, err := c.Request(ctx, channel, "shutdown_request", map[string]bool{"restart": restart})
	if KindOf(err) == Died {
		return nil // that quickly
	}
	return err
}

// executing says whether something is being waited for.
func (c *Client) executing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting) > 0
}

// Kill ends the kernel, and whatever it has started and left in its group:
// it is interrupted if it is at work, asked to end, then told by SIGTERM and
// SIGKILL, with the grace of its Options before each next step. When ctx ends
// there is no more grace. Kill returns when nothing is left of the kernel: no
// process, socket, file or goroutine. It may be called again, and must be
// called for a kernel that died, too.
func (k *Kernel) Kill(ctx context.Context) {
	k.ending.Store(true)
	k.persuade(ctx)
	_ = k.child.signal(syscall.SIGKILL)
	k.watching.Wait()
	k.Client.Close()
}

// persuade returns when the kernel is gone or has had its chances.
func (k *Kernel) persuade(ctx context.Context) {
	wait := func() bool {
		select {
		case <-k.child.done:
			return true
		case <-time.After(k.grace):
		case <-ctx.Done():
		}
		return ctx.Err() != nil
	}
	ask, cancel := context.WithTimeout(ctx, k.grace)
	defer cancel()
	if k.executing() {
		_ = k.Interrupt(ask)
	}
	if err := k.Shutdown(ask, false); err == nil || errors.Is(err, context.DeadlineExceeded) {
		if wait() {
			return
		}
	}
	if k.child.signal(syscall.SIGTERM) == nil {
		wait()
	}
}

package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/keeper"
)

const (
	relinkPause  = time.Second          // after a keeper could not be had
	listenPause  = 5 * time.Millisecond // while another process's keeper is about to listen
	linkPatience = 15 * time.Second     // for that
	strayGrace   = 10 * time.Second     // for attempts that nobody knows
)

// link is the connection to the keeper of the home, made if it is not there:
// to a keeper that lives, or to one started now. A keeper listens only after
// it has made sure that nothing of its predecessors' attempts is alive.
func (l *Local) link(ctx context.Context) (*keeper.Client, error) {
	if c := l.client.Load(); c != nil && !ended(c.Broken()) {
		return c, nil
	}
	select {
	case l.linking <- struct{}{}:
		defer func() { <-l.linking }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c := l.client.Load(); c != nil && !ended(c.Broken()) {
		return c, nil
	}
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	if closed {
		return nil, freshet.Errorf(freshet.Unavailable, "the executor has ended")
	}
	l.miss()
	again := retries{l: l, asked: "list"}
	for {
		c, err := l.dial(ctx)
		if err == nil {
			err = l.resync(ctx, c)
			if errors.Is(err, keeper.ErrBroken) {
				c.Close()
				if err := again.wait(ctx); err != nil {
					return nil, err
				}
				continue
			}
		}
		if err != nil {
			if c != nil {
				c.Close()
			}
			return nil, err
		}
		l.client.Store(c)
		l.found(c)
		wake(l.mend)
		return c, nil
	}
}

// dial connects to the keeper, or starts one. An older or newer binary's
// keeper leaves here if it holds nothing; otherwise it is kept until it does.
func (l *Local) dial(ctx context.Context) (*keeper.Client, error) {
	if err := l.linkBinary(); err != nil {
		return nil, err
	}
	for until := time.Now().Add(linkPatience); ; {
		c, err := keeper.Dial(l.cfg.Home, l.cfg.Version, l.observe)
		if err == nil {
			if c.Hello.Version == l.cfg.Version {
				return c, nil
			}
			if err := c.Quit(ctx); err != nil { // busy: it stays for now
				return c, nil
			}
			<-c.Broken()
		}
		l.collect()
		pid, launchErr := keeper.Launch(l.cfg.Home, append([]string{l.cfg.Binary}, l.cfg.KeeperArgs...), l.cfg.KeeperEnv)
		switch {
		case launchErr == nil:
			l.launched = pid
			continue
		case !errors.Is(launchErr, keeper.ErrHeld) || time.Now().After(until):
			e := freshet.Errorf(freshet.Unavailable, "no process can be started: %v", launchErr)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				e = e.WithHint("connecting failed too: %v", err)
			}
			return nil, e
		}
		if !sleep(ctx, listenPause) { // somebody else's is about to listen
			return nil, ctx.Err()
		}
	}
}

// collect takes a dead keeper that was our child from the kernel.
func (l *Local) collect() {
	if l.launched != 0 {
		keeper.Collect(l.launched)
		l.launched = 0
	}
}

// linkBinary sees to it that the directory first in PATH has a `freshet`.
func (l *Local) linkBinary() error {
	if l.bin == filepath.Dir(l.cfg.Binary) {
		return nil
	}
	link := filepath.Join(l.bin, "freshet")
	if to, err := os.Readlink(link); err == nil && to == l.cfg.Binary {
		return nil
	}
	if err := os.MkdirAll(l.bin, 0o700); err != nil {
		return fmt.Errorf("make the directory of the freshet command: %w", err)
	}
	temp := link + ".new"
	_ = os.Remove(temp)
	if err := os.Symlink(l.cfg.Binary, temp); err != nil {
		return fmt.Errorf("link the freshet command: %w", err)
	}
	return os.Rename(temp, link)
}

// resync learns from a new connection what became of what is held. What an
// earlier keeper had accepted is lost, and known to be dead.
func (l *Local) resync(ctx context.Context, c *keeper.Client) error {
	states, err := c.List(ctx)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	there := make(map[freshet.Key]bool, len(states))
	for _, s := range states {
		there[s.Key] = true
		l.learn(s)
	}
	for k, h := range l.held {
		if !there[k] && h.accepted && h.node != c.Hello.Instance {
			l.lost(h)
		}
	}
	return nil
}

// upgrade replaces a keeper of another version as soon as it holds nothing,
// which it knows best itself; it is not bothered while something is alive.
func (l *Local) upgrade(ctx context.Context, c *keeper.Client) {
	if c.Hello.Version == l.cfg.Version {
		return
	}
	l.mu.Lock()
	for _, h := range l.held {
		if !h.ended {
			l.mu.Unlock()
			return
		}
	}
	l.mu.Unlock()
	l.parting.Store(c)
	if err := c.Quit(ctx); err == nil {
		<-c.Broken() // the next who needs a keeper starts one
	}
}

// Quit asks the keeper to leave at once if it holds nothing, for homes that
// are thrown away; also after Run has ended. It is not an error if it stays,
// or if there is none.
func (l *Local) Quit(ctx context.Context) error {
	c, err := keeper.Dial(l.cfg.Home, l.cfg.Version, nil)
	if err != nil {
		return nil
	}
	defer c.Close()
	if err := c.Quit(ctx); err != nil && !errors.Is(err, keeper.ErrBusy) {
		return err
	}
	return nil
}

func ended(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

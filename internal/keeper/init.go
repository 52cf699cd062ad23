package keeper

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// initGrace is what attempts get when a container ends. Most runtimes kill
// ten seconds after they have asked.
const initGrace = 8 * time.Second

// RunAsInit is a keeper that is process 1 of a container and has the server
// as its child: command is the server's program and arguments. SIGTERM and
// the like go to the server; when that has ended, however it did, every
// attempt is stopped, and the exit code is the server's. It waits for orphans.
func RunAsInit(cfg Config, command, env []string) (exit int, err error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(signals)
	defer outlive()()
	k, err := open(cfg)
	if err != nil {
		return 1, err
	}
	k.run()
	if err := k.forkServer(command, env); err != nil {
		k.leave("the server cannot be started", true)
		return 1, err
	}
	for {
		select {
		case s := <-signals:
			if n, ok := s.(syscall.Signal); ok {
				k.signalServer(n)
			}
		case exit = <-k.serverEnded:
			ctx, cancel := context.WithTimeout(context.Background(), 2*initGrace)
			k.stopAll(ctx, initGrace)
			cancel()
			k.leave("the server has ended", true)
			return exit, nil
		}
	}
}

func (k *Keeper) forkServer(command, env []string) error {
	k.spawning.RLock()
	defer k.spawning.RUnlock()
	pid, err := syscall.ForkExec(command[0], command, &syscall.ProcAttr{Env: env, Files: []uintptr{0, 1, 2}})
	if err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	k.mu.Lock()
	k.server = pid
	k.mu.Unlock()
	k.wake(k.forked)
	return nil
}

func (k *Keeper) signalServer(s syscall.Signal) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.server != 0 {
		_ = unix.Kill(k.server, s)
	}
}

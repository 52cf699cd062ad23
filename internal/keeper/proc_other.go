//go:build !linux

package keeper

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// bootID names this boot of the machine.
func bootID() string {
	id, _ := unix.Sysctl("kern.bootsessionuuid")
	return id
}

// process is what the kernel says about one.
type process struct {
	pid, group int
	start      uint64 // microseconds
	dead       bool   // a zombie: ended, and not waited for
}

// zombie is SZOMB of the BSD process table.
const zombie = 5

func describe(k *unix.KinfoProc) process {
	t := k.Proc.P_starttime
	return process{
		pid: int(k.Proc.P_pid), group: int(k.Eproc.Pgid),
		start: uint64(t.Sec)*1_000_000 + uint64(t.Usec), dead: k.Proc.P_stat == zombie,
	}
}

func lookAt(pid int) (process, error) {
	k, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return process{}, fmt.Errorf("look at process %d: %w", pid, err)
	}
	return describe(k), nil
}

// processes lists all that this process can see.
func processes() []process {
	ks, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil
	}
	all := make([]process, len(ks))
	for i := range ks {
		all[i] = describe(&ks[i])
	}
	return all
}

// environment cannot be read here: a process whose leader is gone, or that
// was not written down, is not recognised.
func environment(int) []string { return nil }

// adoptOrphans does nothing: process 1 waits for orphans here.
func adoptOrphans() {}

// waitAny waits until some child has ended and takes it from the kernel:
// there is no way here to look first.
func waitAny() (pid int, collect func() (unix.WaitStatus, bool), err error) {
	var ws unix.WaitStatus
	for {
		pid, err = unix.Wait4(-1, &ws, 0, nil)
		if err != unix.EINTR {
			break
		}
	}
	return pid, func() (unix.WaitStatus, bool) { return ws, true }, err
}

// peerUID is the account at the other end of a unix socket.
func peerUID(c *net.UnixConn) (int, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Xucred
	var fault error
	if err := raw.Control(func(fd uintptr) {
		cred, fault = unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	}); err != nil {
		return 0, err
	}
	if fault != nil {
		return 0, fault
	}
	return int(cred.Uid), nil
}

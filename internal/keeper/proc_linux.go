package keeper

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// bootID names this boot of the machine.
func bootID() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b))
}

// process is what the kernel says about one.
type process struct {
	pid, group int
	start      uint64 // clock ticks after boot
	dead       bool   // a zombie: ended, and not waited for
}

func lookAt(pid int) (process, error) {
	path := "/proc/" + strconv.Itoa(pid) + "/stat"
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return process{}, fmt.Errorf("look at process %d: %w", pid, err)
	}
	var buf [1024]byte
	n, err := unix.Read(fd, buf[:])
	unix.Close(fd)
	if err != nil {
		return process{}, fmt.Errorf("look at process %d: %w", pid, err)
	}
	// The name stands in parentheses and may contain anything.
	rest := buf[:n]
	if i := bytes.LastIndexByte(rest, ')'); i >= 0 {
		rest = rest[i+1:]
	}
	f := strings.Fields(string(rest))
	if len(f) < 20 {
		return process{}, fmt.Errorf("look at process %d: %q", pid, buf[:n])
	}
	p := process{pid: pid, dead: f[0] == "Z" || f[0] == "X"}
	p.group, _ = strconv.Atoi(f[2])
	p.start, err = strconv.ParseUint(f[19], 10, 64)
	return p, err
}

// processes lists all that this process can see.
func processes() []process {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var all []process
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, err := lookAt(pid); err == nil {
			all = append(all, p)
		}
	}
	return all
}

// environment is what the process was started with, as far as it can be told.
func environment(pid int) []string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return nil
	}
	return strings.Split(string(b), "\x00")
}

// adoptOrphans makes this process the parent of its descendants whose own
// parents have ended: it waits for them too, so that nothing of an attempt
// remains as a zombie where process 1 does not wait.
func adoptOrphans() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// waitAny waits until some child has ended. The child stays a zombie, and its
// number taken, until collect is called: until then its process group can be
// killed without hitting a stranger.
func waitAny() (pid int, collect func() (unix.WaitStatus, bool), err error) {
	var info unix.Siginfo
	for {
		err = unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		return 0, nil, err
	}
	// si_pid is the first field after the head, which is padded to the size
	// of a pointer.
	at := 12
	if unsafe.Sizeof(uintptr(0)) == 8 {
		at = 16
	}
	pid = int(*(*int32)(unsafe.Add(unsafe.Pointer(&info), at)))
	return pid, func() (unix.WaitStatus, bool) {
		var ws unix.WaitStatus
		for {
			got, err := unix.Wait4(pid, &ws, unix.WNOHANG, nil)
			if err == unix.EINTR {
				continue
			}
			return ws, err == nil && got == pid
		}
	}, nil
}

// peerUID is the account at the other end of a unix socket.
func peerUID(c *net.UnixConn) (int, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Ucred
	var fault error
	if err := raw.Control(func(fd uintptr) {
		cred, fault = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return 0, err
	}
	if fault != nil {
		return 0, fault
	}
	return int(cred.Uid), nil
}

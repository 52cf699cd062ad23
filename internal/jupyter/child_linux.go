package jupyter

import "syscall"

// dieWithUs ties a process to the thread that starts it: when that thread ends,
// as when this process is killed, Linux kills it.
func dieWithUs(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }

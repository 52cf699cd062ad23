package server

import (
	"os"

	"golang.org/x/sys/unix"
)

// remote are file systems whose locks or shared memory do not hold between
// machines.
var remote = map[int64]string{
	unix.NFS_SUPER_MAGIC:  "nfs",
	unix.SMB_SUPER_MAGIC:  "smb",
	unix.SMB2_SUPER_MAGIC: "smb2",
	unix.CIFS_SUPER_MAGIC: "cifs",
	unix.AFS_SUPER_MAGIC:  "afs",
	unix.CODA_SUPER_MAGIC: "coda",
	unix.V9FS_MAGIC:       "9p",
	unix.CEPH_SUPER_MAGIC: "ceph",
}

func networkFileSystem(dir string) (name string, yes bool) {
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil {
		return "", false
	}
	return isRemote(int64(st.Type))
}

func isRemote(kind int64) (name string, yes bool) {
	name, yes = remote[int64(uint32(kind))] // some are negative where the field has 32 bits
	return name, yes
}

// allocate takes the space for real, not as a hole.
func allocate(f *os.File, size int64) error {
	return unix.Fallocate(int(f.Fd()), 0, 0, size)
}

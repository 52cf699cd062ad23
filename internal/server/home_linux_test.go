package server

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestNetworkFileSystems(t *testing.T) {
	for kind, want := range map[int64]string{
		unix.NFS_SUPER_MAGIC:    "nfs",
		unix.CIFS_SUPER_MAGIC:   "cifs",
		int64(int32(-11317950)): "cifs", // the same, as 32 bits with a sign
		unix.V9FS_MAGIC:         "9p",
		unix.EXT4_SUPER_MAGIC:   "",
		unix.TMPFS_MAGIC:        "",
		unix.BTRFS_SUPER_MAGIC:  "",
	} {
		if name, yes := isRemote(kind); name != want || yes != (want != "") {
			t.Errorf("%#x is taken for %q", kind, name)
		}
	}
	if name, yes := networkFileSystem(t.TempDir()); yes {
		t.Errorf("a temporary directory is on %s", name)
	}
}

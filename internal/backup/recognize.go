package backup

import (
	"archive/tar"
	"io"
)

// ReadManifest reads what a backup says about itself, from its beginning.
// What is no backup, or one of a newer format, is an error.
func ReadManifest(r io.Reader) (Manifest, error) {
	t := tar.NewReader(r)
	if h, err := t.Next(); err != nil || h.Name != manifestName {
		return Manifest{}, noBackup(err, true)
	}
	return readManifest(t)
}

// Package blob is the port of content-addressed files: what travels with
// workflows and what outlives runs is kept once, named by the SHA-256 of its
// bytes in hex.
//
// A content is kept before the row that names it is committed, so for a while
// nobody can tell it from garbage. Therefore every content has a time of use,
// which Put, Add and Missing bring up to now, of what is there already too. A
// content that no row names may be deleted once that time is more than Grace
// ago; Delete looks at it again, so that one that somebody keeps anew in the
// same moment stays.
package blob

import (
	"context"
	"io"
	"time"
)

// Grace is for how long a content stays that no row names yet: more than what
// may lie between keeping the first file of a large task, or upload, and the
// commit of the row.
const Grace = 24 * time.Hour

// Store keeps contents by their hash.
type Store interface {
	// Put keeps what r gives, if its hash is sum, and is done once it is safe.
	// Keeping what is kept already does nothing. Another hash is an error with
	// code invalid, and nothing is kept.
	Put(ctx context.Context, sum string, r io.Reader) error
	// Add keeps what r gives, whatever it is, and is done once it is safe.
	Add(ctx context.Context, r io.Reader) (sum string, size int64, err error)
	// Missing tells which of the sums are missing.
	Missing(ctx context.Context, sums []string) ([]string, error)
	// Open reads a content; what is not there is an error with code not_found.
	Open(ctx context.Context, sum string) (io.ReadSeekCloser, error)
	// List gives every content whose hash begins with a prefix of up to two
	// digits, in no order, until yield returns an error, which is returned.
	// What comes or goes meanwhile may be in it or not.
	List(ctx context.Context, prefix string, yield func(Content) error) error
	// Delete forgets a content whose time of use is before the given one; one
	// that has been used since stays. What is not there is gone already.
	// Whoever reads it at this moment reads it to its end.
	Delete(ctx context.Context, sum string, before time.Time) (gone bool, err error)
}

// Content is what is known of a content that is kept.
type Content struct {
	SHA256 string
	Size   int64     // bytes
	Used   time.Time // when somebody kept it, or asked for it, last
}

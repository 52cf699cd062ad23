// Package blob is the port of content-addressed files: what travels with
// workflows and what outlives runs is kept once, named by the SHA-256 of its
// bytes in hex.
package blob

import (
	"context"
	"io"
)

// Store keeps contents by their hash.
type Store interface {
	// Put keeps what r gives, if its hash is sum, and is done once it is safe.
	// Keeping what is kept already does nothing. Another hash is an error with
	// code invalid, and nothing is kept.
	Put(ctx context.Context, sum string, r io.Reader) error
	// Has tells which of the sums are missing.
	Missing(ctx context.Context, sums []string) ([]string, error)
	// Open reads a content; what is not there is an error with code not_found.
	Open(ctx context.Context, sum string) (io.ReadCloser, error)
}

// Package auth says who may call the server. There are two sorts of callers:
// whoever holds the home's token may do everything, and a running task holds
// a token of its own with which it may send events and look at its own run.
// Requests that a web page could have made somebody's browser send are
// refused, whatever token they carry.
package auth

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/freshet/freshet"
)

// TokenFile is the name of the token's file in a home.
const TokenFile = "token"

// HomeToken reads the token of a home, and makes it where there is none: 32
// random bytes, readable by the owner only. Two servers that start at once
// get the same one.
func HomeToken(home string) (string, error) {
	path := filepath.Join(home, TokenFile)
	token, err := ReadToken(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return token, err
	}
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	token = base64.RawURLEncoding.EncodeToString(secret)
	if err := place(path, token+"\n"); err != nil {
		return "", fmt.Errorf("write the home's token: %w", err)
	}
	return ReadToken(path)
}

// ReadToken reads a token from a file. A file that others may read is an
// error: what it holds is no secret any more.
func ReadToken(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", freshet.Errorf(freshet.Forbidden, "others may read the token in %s (mode %04o)", path, mode).
			WithHint("`chmod 600 %s`; or remove it, and the next start makes a new one", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if err := CheckToken(token); err != nil {
		return "", freshet.Errorf(freshet.Invalid, "%s: %v", path, err).
			WithHint("remove the file; the next start makes a new token")
	}
	return token, nil
}

// CheckToken tells whether a text can serve as a token: it must pass through
// a header, be no token of a task, and not be guessed.
func CheckToken(token string) error {
	if len(token) < 16 {
		return freshet.Errorf(freshet.Invalid, "a token has at least 16 characters; this one has %d", len(token))
	}
	if strings.HasPrefix(token, prefix) {
		return freshet.Errorf(freshet.Invalid, "a token does not begin with %s: those are the tokens of tasks", prefix)
	}
	for _, c := range []byte(token) {
		if c <= ' ' || c > '~' {
			return freshet.Errorf(freshet.Invalid, "a token consists of printable ASCII characters without spaces")
		}
	}
	return nil
}

// place writes a file whole or not at all, and never over another.
func place(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".token-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

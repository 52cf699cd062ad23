// Package secret knows the values that workflows use and nobody may read: where
// they come from, how those of the home are kept, and how they are masked in
// everything that is shown.
package secret

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/expr"
	"github.com/freshet/freshet/internal/spec"
)

// Mounted is where containers find their secrets.
const Mounted = "/run/secrets"

// variable is what the names of variables that hold secrets begin with.
const variable = "FRESHET_SECRET_"

// MaxValue bounds one value.
const MaxValue = 64 << 10

// Secrets are the secrets of a server, from three sources. Of one name the
// first counts: a file of a directory such as /run/secrets, a variable
// FRESHET_SECRET_NAME, the store of the home. All namespaces share them.
type Secrets struct {
	mounted string
	environ []string
	store   *store

	mu   sync.Mutex
	used map[string][]string // values that were given out, by name: they are masked as long as this process lives
}

var _ expr.Object = (*Secrets)(nil)

// New makes the secrets of a home. environ is the server's environment;
// mounted is the directory of files, empty for none.
func New(home, mounted string, environ []string) *Secrets {
	return &Secrets{mounted: mounted, environ: environ, store: &store{dir: filepath.Join(home, "secrets")}, used: map[string][]string{}}
}

// Get is the value of a secret. The error says what to do.
func (s *Secrets) Get(name string) (string, error) {
	value, _, _, err := s.find(name)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.used[name], value) {
		s.used[name] = append(s.used[name], value)
	}
	return value, nil
}

// Field is Get for expressions.
func (s *Secrets) Field(name string) (any, bool) {
	value, err := s.Get(name)
	if err != nil {
		return err, false
	}
	return value, true
}

// Names is none: which secrets an expression uses stands in it.
func (s *Secrets) Names() []string { return nil }

// find looks through the sources.
func (s *Secrets) find(name string) (value string, source freshet.SecretSource, at time.Time, err error) {
	if wrong := spec.BadSecretName(name); wrong != "" {
		return "", "", at, freshet.Errorf(freshet.Invalid, "%s", wrong)
	}
	if value, at, err = s.file(name); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return value, freshet.SecretFile, at, err
	}
	if value, ok := s.variable(name); ok {
		return value, freshet.SecretVariable, time.Time{}, nil
	}
	value, at, err = s.store.get(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", at, freshet.Errorf(freshet.NotFound, "there is no secret %s; `freshet secret set %s` sets it", name, name)
	}
	return value, freshet.SecretStored, at, err
}

func (s *Secrets) file(name string) (string, time.Time, error) {
	if s.mounted == "" {
		return "", time.Time{}, fs.ErrNotExist
	}
	path := filepath.Join(s.mounted, name)
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err == nil && info.Size() > MaxValue {
		return "", time.Time{}, freshet.Errorf(freshet.TooLarge, "the secret in %s has %d bytes, and at most %d are allowed", path, info.Size(), MaxValue)
	}
	var raw []byte
	if err == nil {
		raw, err = os.ReadFile(path)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", time.Time{}, fs.ErrNotExist
	case err != nil:
		return "", time.Time{}, freshet.Errorf(freshet.Unavailable, "the secret %s cannot be read: %v", name, err).
			WithHint("the server's account has to be able to read %s", path)
	}
	return Trim(string(raw)), info.ModTime(), nil
}

func (s *Secrets) variable(name string) (string, bool) {
	for _, kv := range slices.Backward(s.environ) { // the last of several counts
		if value, ok := strings.CutPrefix(kv, variable+name+"="); ok && value != "" {
			return value, true
		}
	}
	return "", false
}

// Trim drops the end of line that editors and echo put behind a value.
func Trim(value string) string { return strings.TrimRight(value, "\r\n") }

// Set keeps a value in the home.
func (s *Secrets) Set(name, value string) error {
	switch wrong := spec.BadSecretName(name); {
	case wrong != "":
		return freshet.Errorf(freshet.Invalid, "%s", wrong).WithHint("names begin with a letter or _ and go on with letters, digits, _ and -")
	case value == "":
		return freshet.Errorf(freshet.Invalid, "the value of secret %s is empty", name).WithHint("`freshet secret delete %s` removes a secret", name)
	case len(value) > MaxValue:
		return freshet.Errorf(freshet.TooLarge, "the value of secret %s has %d bytes, and at most %d are allowed", name, len(value), MaxValue)
	case strings.ContainsRune(value, 0):
		return freshet.Errorf(freshet.Invalid, "the value of secret %s holds a zero byte, which no environment can carry", name).
			WithHint("encode binary data, for example with base64")
	}
	if old, err := s.store.list(); err == nil {
		for _, o := range old {
			if o.Name != name && strings.EqualFold(o.Name, name) {
				return freshet.Errorf(freshet.Conflict, "there is a secret %s, and names are unique ignoring case", o.Name)
			}
		}
	}
	return s.store.set(name, value)
}

// Delete removes a secret of the home. What other sources say stays.
func (s *Secrets) Delete(name string) error {
	if spec.BadSecretName(name) == "" {
		err := s.store.delete(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if _, source, _, err := s.find(name); err == nil {
			return freshet.Errorf(freshet.Conflict, "secret %s comes from a %s, not from the home", name, source).
				WithHint("it goes when that goes")
		}
	}
	return freshet.Errorf(freshet.NotFound, "there is no secret %s", name).WithHint("`secret list` shows what there is")
}

// List tells of all secrets, by name, with the source that counts.
func (s *Secrets) List() ([]freshet.Secret, error) {
	all, err := s.store.list()
	if err != nil {
		return nil, err
	}
	for _, kv := range s.environ {
		if name, value, _ := strings.Cut(strings.TrimPrefix(kv, variable), "="); strings.HasPrefix(kv, variable) && value != "" {
			all = append(all, freshet.Secret{Name: name, Source: freshet.SecretVariable})
		}
	}
	if s.mounted != "" {
		files, err := os.ReadDir(s.mounted)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("list secrets: %w", err)
		}
		for _, f := range files {
			if info, err := os.Stat(filepath.Join(s.mounted, f.Name())); err == nil && info.Mode().IsRegular() {
				at := freshet.Time(info.ModTime())
				all = append(all, freshet.Secret{Name: f.Name(), Source: freshet.SecretFile, UpdatedAt: &at})
			}
		}
	}
	all = slices.DeleteFunc(all, func(x freshet.Secret) bool { return spec.BadSecretName(x.Name) != "" })
	slices.Reverse(all) // the first source first
	slices.SortStableFunc(all, func(a, b freshet.Secret) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(all, func(a, b freshet.Secret) bool { return a.Name == b.Name }), nil
}

// Values are what has to be masked where secrets of these names were used:
// what they are now, and what this process has given out.
func (s *Secrets) Values(names []string) []string {
	var values []string
	for _, name := range names {
		if value, _, _, err := s.find(name); err == nil {
			values = append(values, value)
		}
		s.mu.Lock()
		values = append(values, s.used[name]...)
		s.mu.Unlock()
	}
	slices.Sort(values)
	return slices.Compact(values)
}

package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"filippo.io/age"

	"github.com/freshet/freshet"
)

// store keeps values in a directory of the home: one file NAME.age each,
// encrypted with age to the identity in the file key. Who can read the whole
// home can read them; a copy of the home without the key cannot be read.
type store struct {
	dir string

	mu       sync.Mutex
	identity *age.X25519Identity
	opened   map[string]opened
}

// opened is a value that has been decrypted, for as long as its file stays the
// same.
type opened struct {
	value string
	at    time.Time
	size  int64
}

const suffix = ".age"

func (s *store) path(name string) string { return filepath.Join(s.dir, name+suffix) }

// get reads a value; fs.ErrNotExist where there is none.
func (s *store) get(name string) (string, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	info, err := os.Stat(s.path(name))
	if err != nil {
		return "", time.Time{}, s.explain("read", name, err)
	}
	if o, ok := s.opened[name]; ok && o.at.Equal(info.ModTime()) && o.size == info.Size() {
		return o.value, o.at, nil
	}
	raw, err := os.ReadFile(s.path(name))
	if err != nil {
		return "", time.Time{}, s.explain("read", name, err)
	}
	id, err := s.key(false)
	if err != nil {
		return "", time.Time{}, err
	}
	value, err := decrypt(raw, id)
	if err != nil {
		return "", time.Time{}, freshet.Errorf(freshet.Unavailable, "the secret %s cannot be decrypted: %v", name, err).
			WithHint("%s is not the key that it was encrypted for; `freshet secret set %s` sets it anew", filepath.Join(s.dir, keyFile), name)
	}
	if s.opened == nil {
		s.opened = map[string]opened{}
	}
	s.opened[name] = opened{value, info.ModTime(), info.Size()}
	return value, info.ModTime(), nil
}

func decrypt(raw []byte, id age.Identity) (string, error) {
	r, err := age.Decrypt(bytes.NewReader(raw), id)
	if err != nil {
		return "", err
	}
	value, err := io.ReadAll(r)
	return string(value), err
}

// set writes a value so that after any crash the old or the new one is there.
func (s *store) set(name, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := s.key(true)
	if err != nil {
		return err
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, id.Recipient())
	if err == nil {
		_, err = io.WriteString(w, value)
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = replace(s.path(name), sealed.Bytes())
	}
	delete(s.opened, name)
	return s.explain("keep", name, err)
}

func (s *store) delete(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.opened, name)
	return s.explain("delete", name, os.Remove(s.path(name)))
}

// list tells what is kept.
func (s *store) list() ([]freshet.Secret, error) {
	files, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list secrets: %w", err)
	}
	var all []freshet.Secret
	for _, f := range files {
		name, ours := strings.CutSuffix(f.Name(), suffix)
		info, err := f.Info()
		if !ours || err != nil {
			continue
		}
		at := freshet.Time(info.ModTime())
		all = append(all, freshet.Secret{Name: name, Source: freshet.SecretStored, UpdatedAt: &at})
	}
	return all, nil
}

// keyFile holds the identity, as age-keygen writes one.
const keyFile = "key"

// key is the identity of the home; make says whether one is made where there
// is none. Called with mu held.
func (s *store) key(make bool) (*age.X25519Identity, error) {
	if s.identity != nil {
		return s.identity, nil
	}
	path := filepath.Join(s.dir, keyFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && make {
		return s.newKey(path)
	}
	if err != nil {
		return nil, freshet.Errorf(freshet.Unavailable, "the key of the home's secrets cannot be read: %v", err).
			WithHint("secrets that were set before it was lost have to be set again")
	}
	ids, err := age.ParseIdentities(bytes.NewReader(raw))
	if err == nil && len(ids) == 1 {
		if id, ok := ids[0].(*age.X25519Identity); ok {
			s.identity = id
			return id, nil
		}
	}
	return nil, freshet.Errorf(freshet.Unavailable, "%s is not a key of age", path) // what stands in it is not told
}

func (s *store) newKey(path string) (*age.X25519Identity, error) {
	id, err := age.GenerateX25519Identity()
	if err == nil {
		err = os.MkdirAll(s.dir, 0o700)
	}
	if err == nil {
		err = replace(path, []byte(id.String()+"\n"))
	}
	if err != nil {
		return nil, freshet.Errorf(freshet.Unavailable, "cannot make a key for secrets: %v", err)
	}
	s.identity = id
	return id, nil
}

// explain says what could not be done; that a file is not there stays that.
func (s *store) explain(what, name string, err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return freshet.Errorf(freshet.Unavailable, "cannot %s the secret %s: %v", what, name, err)
}

// replace puts a file in the place of another, on the medium before it counts.
func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

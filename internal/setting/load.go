package setting

import (
	"cmp"
	"errors"
	"io/fs"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/freshet/freshet"
)

// File is the name of the settings file in a home.
const File = "freshet.yaml"

// Input is where settings come from.
type Input struct {
	Flags    map[string]string                 // by name, those that were given
	Env      func(name string) (string, bool)  // the environment
	ReadFile func(path string) ([]byte, error) // of the file system; a missing file is fs.ErrNotExist
	UserHome string                            // what ~ stands for
	Dir      string                            // what relative paths begin at
}

// Value is what a setting is set to, and by what.
type Value struct {
	Setting
	Text   string // as it would be written
	Source string // flag, default, or the variable or file that says it
}

// Given tells whether somebody set it.
func (v Value) Given() bool { return v.Source != fromDefault }

const (
	fromFlag    = "flag"
	fromDefault = "default"
	secretsDir  = "/run/secrets"
)

// Load finds out what is set. The values come in the order of All.
func Load(in Input) (*Settings, []Value, error) {
	all, out := All(), &Settings{}
	values := make([]Value, len(all))
	var file map[string]string
	for i, s := range all {
		v, err := in.value(s, file)
		if err == nil {
			err = out.set(s, v.Text)
		}
		if err != nil {
			return nil, nil, explain(err, s, v.Source)
		}
		if s.Name == "home" {
			// The file lies in the home, so the home cannot stand in it.
			if out.Home, err = in.path(v.Text); err != nil {
				return nil, nil, err
			}
			v.Text = out.Home
			if file, err = in.file(filepath.Join(out.Home, File)); err != nil {
				return nil, nil, err
			}
		}
		values[i] = v
	}
	return out, values, nil
}

// value asks the sources of a setting, the strongest first.
func (in Input) value(s Setting, file map[string]string) (Value, error) {
	if text, ok := in.Flags[s.Name]; ok {
		return Value{s, text, fromFlag}, nil
	}
	if text, ok := in.Env(s.Env); ok && text != "" {
		return Value{s, text, s.Env}, nil
	}
	if path, ok := in.Env(s.Env + "_FILE"); ok && path != "" {
		text, err := in.ReadFile(path)
		return Value{s, oneLine(text), s.Env + "_FILE"}, err
	}
	path := secretsDir + "/" + s.Env
	switch text, err := in.ReadFile(path); {
	case err == nil:
		return Value{s, oneLine(text), path}, nil
	case !errors.Is(err, fs.ErrNotExist):
		return Value{s, "", path}, err
	}
	if text, ok := file[s.Name]; ok {
		return Value{s, text, File}, nil
	}
	return Value{s, s.Default, fromDefault}, nil
}

// oneLine drops the end of line that editors put behind a secret.
func oneLine(text []byte) string { return strings.TrimRight(string(text), "\r\n") }

func (in Input) path(text string) (string, error) {
	if rest, ok := strings.CutPrefix(text, "~"); ok && (rest == "" || rest[0] == '/') {
		if in.UserHome == "" {
			return "", freshet.Errorf(freshet.Invalid, "there is no home directory that ~ could stand for").
				WithHint("say where Freshet's home is: --home DIR, or the variable FRESHET_HOME")
		}
		text = in.UserHome + rest
	}
	if !filepath.IsAbs(text) {
		text = filepath.Join(in.Dir, text)
	}
	return filepath.Clean(text), nil
}

// set gives a field its value.
func (s *Settings) set(which Setting, text string) error {
	if len(which.one) > 0 && !slices.Contains(which.one, text) {
		return freshet.Errorf(freshet.Invalid, "%q is none of %s", text, strings.Join(which.one, ", "))
	}
	switch field := reflect.ValueOf(s).Elem().Field(which.index).Addr().Interface().(type) {
	case *string:
		*field = text
	case *int:
		most, err := strconv.Atoi(cmp.Or(which.most, strconv.Itoa(math.MaxInt32)))
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > most {
			return freshet.Errorf(freshet.Invalid, "%q is not a whole number from 0 to %d", text, most)
		}
		*field = n
	case *Size:
		size, err := ParseSize(text)
		if err != nil {
			return err
		}
		if err := which.within(size); err != nil {
			return err
		}
		*field = size
	case *Span:
		span, err := ParseSpan(text)
		if err != nil {
			return err
		}
		*field = span
	case *[]string:
		*field = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
	}
	return nil
}

// within refuses a size that lies outside of the bounds.
func (which Setting) within(size Size) error {
	for _, bound := range []struct {
		text, words string
		wrong       func(Size) bool
	}{
		{which.least, "little: it is at least", func(b Size) bool { return size < b }},
		{which.most, "much: it is at most", func(b Size) bool { return size > b }},
	} {
		if bound.text == "" {
			continue
		}
		b, err := ParseSize(bound.text)
		if err != nil {
			return err
		}
		if bound.wrong(b) {
			return freshet.Errorf(freshet.Invalid, "%s is too %s %s", size, bound.words, bound.text)
		}
	}
	return nil
}

// explain says which setting is wrong, and where it was set.
func explain(err error, s Setting, source string) error {
	e := freshet.Errorf(freshet.Invalid, "the setting %s of %s: %s", s.Name, source, err)
	var inner *freshet.Error
	if errors.As(err, &inner) {
		e.Hint = inner.Hint
	}
	return e
}

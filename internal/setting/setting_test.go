package setting

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/freshet/freshet"
)

// world is an Input of maps.
func world(flags, env, files map[string]string) Input {
	return Input{
		Flags: flags,
		Env:   func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		ReadFile: func(path string) ([]byte, error) {
			if text, ok := files[path]; ok {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		},
		UserHome: "/home/ada",
		Dir:      "/work",
	}
}

type texts = map[string]string

func TestSources(t *testing.T) {
	const yaml = "/home/ada/.freshet/freshet.yaml"
	for name, test := range map[string]struct {
		in     Input
		set    string
		text   string
		source string
	}{
		"default":           {world(nil, nil, nil), "slots", "0", "default"},
		"file over default": {world(nil, nil, texts{yaml: "slots: 3"}), "slots", "3", "freshet.yaml"},
		"secret over file": {world(nil, nil, texts{yaml: "slots: 3", "/run/secrets/FRESHET_SLOTS": "4\n"}),
			"slots", "4", "/run/secrets/FRESHET_SLOTS"},
		"variable's file over secret": {world(nil, texts{"FRESHET_SLOTS_FILE": "/s"}, texts{"/s": "5\n", "/run/secrets/FRESHET_SLOTS": "4"}),
			"slots", "5", "FRESHET_SLOTS_FILE"},
		"variable over its file": {world(nil, texts{"FRESHET_SLOTS": "6", "FRESHET_SLOTS_FILE": "/s"}, texts{"/s": "5"}),
			"slots", "6", "FRESHET_SLOTS"},
		"flag over variable":       {world(texts{"slots": "7"}, texts{"FRESHET_SLOTS": "6"}, nil), "slots", "7", "flag"},
		"empty variable is none":   {world(nil, texts{"FRESHET_SLOTS": ""}, nil), "slots", "0", "default"},
		"the file of another home": {world(nil, texts{"FRESHET_HOME": "/h"}, texts{"/h/freshet.yaml": "slots: 8"}), "slots", "8", "freshet.yaml"},
		"~ is the user's home":     {world(nil, nil, nil), "home", "/home/ada/.freshet", "default"},
		"a relative home":          {world(texts{"home": "x/../h"}, nil, nil), "home", "/work/h", "flag"},
		"a list":                   {world(nil, nil, texts{yaml: "task_env: [A, B_*]"}), "task_env", "A,B_*", "freshet.yaml"},
		"an empty file":            {world(nil, nil, texts{yaml: "# nothing\n"}), "slots", "0", "default"},
	} {
		t.Run(name, func(t *testing.T) {
			_, values, err := Load(test.in)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				if v.Name == test.set {
					if v.Text != test.text || v.Source != test.source {
						t.Errorf("%s is %q from %s, want %q from %s", v.Name, v.Text, v.Source, test.text, test.source)
					}
					return
				}
			}
			t.Fatalf("no setting %s", test.set)
		})
	}
}

func TestTypes(t *testing.T) {
	s, _, err := Load(world(nil, texts{
		"FRESHET_TASK_ENV": "AWS_*, PATH", "FRESHET_LOG_LIMIT": "64kb", "FRESHET_SLOTS": "2", "FRESHET_AUTH_TOKEN": "t",
	}, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := &Settings{
		Home: "/home/ada/.freshet", Server: "http://127.0.0.1:3737", Namespace: "default", Listen: "127.0.0.1:3737",
		AuthToken: "t", Slots: 2, LogLimit: 64 << 10, Retention: Span(30 * 24 * time.Hour), Kernels: 2, Memory: 512 << 20, LogLevel: "info",
		LogFormat: "text", TaskEnv: []string{"AWS_*", "PATH"},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
}

func TestWrong(t *testing.T) {
	const yaml = "/home/ada/.freshet/freshet.yaml"
	for name, test := range map[string]struct {
		in   Input
		says string
	}{
		"a number":         {world(nil, texts{"FRESHET_SLOTS": "many"}, nil), "the setting slots of FRESHET_SLOTS: \"many\" is not a whole number"},
		"a negative one":   {world(texts{"slots": "-1"}, nil, nil), "the setting slots of flag"},
		"a size":           {world(nil, texts{"FRESHET_LOG_LIMIT": "3 apples"}, nil), "is not a size"},
		"a retention":      {world(nil, texts{"FRESHET_RETENTION": "30"}, nil), "is no duration such as 12h or 30d"},
		"a minus":          {world(nil, texts{"FRESHET_RETENTION": "-1d"}, nil), "is no duration such as 12h or 30d"},
		"one of a few":     {world(nil, texts{"FRESHET_LOG_LEVEL": "loud"}, nil), "none of debug, info, warn, error"},
		"unknown key":      {world(nil, nil, texts{yaml: "a: 1\nslotz: 3"}), yaml + ":1: there is no setting \"a\""},
		"home in file":     {world(nil, nil, texts{yaml: "home: /x"}), "cannot be set in a file that lies in it"},
		"no YAML":          {world(nil, nil, texts{yaml: "a: ["}), "this is not YAML"},
		"a list":           {world(nil, nil, texts{yaml: "- a"}), "settings are lines like"},
		"too many slots":   {world(nil, texts{"FRESHET_SLOTS": "99999999999"}, nil), "is not a whole number from 0 to 100000"},
		"a list of slots":  {world(nil, nil, texts{yaml: "slots: [1]"}), yaml + ":1: the setting slots: a text or a number is expected, and not several"},
		"no log":           {world(nil, nil, texts{yaml: "log_limit: 0"}), "the setting log_limit of freshet.yaml: 0 is too little: it is at least 4KB"},
		"a vast log":       {world(nil, texts{"FRESHET_LOG_LIMIT": "2048GB"}, nil), "2048GB is too much: it is at most 1024GB"},
		"too many kernels": {world(nil, texts{"FRESHET_WARM_KERNELS": "1001"}, nil), "is not a whole number from 0 to 1000"},
		"a mapping":        {world(nil, nil, texts{yaml: "slots: {a: 1}"}), yaml + ":1: the setting slots"},
		"no such file":     {world(nil, texts{"FRESHET_TOKEN_FILE": "/none"}, nil), "the setting token of FRESHET_TOKEN_FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Load(test.in)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("the error is %v, want %s", err, test.says)
			}
			if freshet.CodeOf(err) != freshet.Invalid {
				t.Errorf("the code is %s", freshet.CodeOf(err))
			}
		})
	}
}

func TestSecretThatCannotBeRead(t *testing.T) {
	in := world(nil, nil, nil)
	read := in.ReadFile
	in.ReadFile = func(path string) ([]byte, error) {
		if path == "/run/secrets/FRESHET_TOKEN" {
			return nil, errors.New("permission denied")
		}
		return read(path)
	}
	if _, _, err := Load(in); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("the error is %v", err)
	}
}

// What init writes is read back as nothing set, and every line of it that sets
// something is right once it is uncommented.
func TestTemplate(t *testing.T) {
	text := string(Template())
	for _, file := range []string{text, strings.ReplaceAll(text, "\n#", "\n")} {
		lines := strings.Split(file, "\n")
		for i, l := range lines {
			if file != text && !strings.Contains(l, ": ") || strings.HasSuffix(l, ")") {
				lines[i] = "" // the comment above a setting
			}
		}
		got, _, err := Load(world(nil, nil, texts{"/home/ada/.freshet/freshet.yaml": strings.Join(lines, "\n")}))
		if err != nil {
			t.Fatal(err)
		}
		want, _, _ := Load(world(nil, nil, nil))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestEverySettingIsDocumented(t *testing.T) {
	for _, s := range All() {
		if s.Name == "" || s.Doc == "" {
			t.Errorf("%+v lacks a name or its meaning", s)
		}
		if s.Env == "FRESHET_OUTPUT" || s.Env == "FRESHET_TASK" {
			t.Errorf("%s means something else inside a task", s.Env)
		}
	}
}

func TestSizeReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Size(rapid.Int64Range(0, 1<<61).Draw(t, "size"))
		got, err := ParseSize(want.String())
		if err != nil || got != want {
			t.Fatalf("%d is written %s and read as %d, %v", want, want, got, err)
		}
	})
}

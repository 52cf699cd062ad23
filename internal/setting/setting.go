// Package setting holds the one list of what can be set, and finds out what is
// set: a flag wins over the environment, the environment over the home's
// freshet.yaml, and that over the default. It is handed whatever it reads, and
// looks at nothing of the process by itself.
package setting

import (
	"reflect"
	"strings"
)

// Settings is what can be set. The tags of a field are its documentation:
// `name` is the key in freshet.yaml and, in capitals behind FRESHET_, the
// variable; `secret` values are never shown; a server takes up new values of
// `live` ones while it runs; those `only` for commands mean nothing to it. A value
// lies between `least` and `most`.
type Settings struct {
	Home      string   `name:"home" default:"~/.freshet" doc:"directory that holds all that Freshet keeps"`
	Server    string   `name:"server" only:"commands" default:"http://127.0.0.1:3737" doc:"server that commands speak to; if it is not set, the one that has served the home"`
	Namespace string   `name:"namespace" only:"commands" default:"default" doc:"namespace of workflows and events that name no other"`
	Token     string   `name:"token" only:"commands" secret:"yes" doc:"token that commands show to the server; without it the one in the home's file token"`
	Listen    string   `name:"listen" default:"127.0.0.1:3737" doc:"address that the server listens on, HOST:PORT"`
	AuthToken string   `name:"auth_token" secret:"yes" doc:"token that the server asks for; without it the one in the home's file token"`
	Slots     int      `name:"slots" live:"yes" default:"0" most:"100000" doc:"processes that run at once; 0 is twice the cores, at least 8"`
	LogLimit  Size     `name:"log_limit" live:"yes" default:"256MB" least:"4KB" most:"1024GB" doc:"what is kept of a task's log, from 4KB to 1024GB; the middle of a longer one is removed"`
	Retention Span     `name:"retention" live:"yes" default:"30d" doc:"how long ended runs are kept, with their logs and files, and the events that nothing needs any more; such as 12h, 30d or forever; a workflow may say its own"`
	Kernels   int      `name:"warm_kernels" live:"yes" default:"2" most:"1000" doc:"kernels that wait for the next notebook, of the sorts that were used lately; 0 keeps none"`
	Memory    Size     `name:"warm_memory" live:"yes" default:"512MB" doc:"memory that these kernels may take together"`
	LogLevel  string   `name:"log_level" live:"yes" default:"info" one:"debug,info,warn,error" doc:"what the server logs: debug, info, warn or error"`
	LogFormat string   `name:"log_format" default:"text" one:"text,json" doc:"how the server logs: text for people, json for programs, one object on each line"`
	TaskEnv   []string `name:"task_env" live:"yes" doc:"variables of the server's environment that tasks get too; * stands for any letters"`
}

// Setting is what is known about one of them.
type Setting struct {
	Name    string // in freshet.yaml
	Env     string // variable
	Default string
	Doc     string // its meaning, one line
	Secret  bool   // never shown
	Live    bool   // a server that runs takes a new value up

	Commands bool // it means nothing to a server

	index int
	one   []string // allowed values; empty: any
	least string   // empty: 0
	most  string   // empty: what a number can be
	many  bool     // it takes a list
}

// All are the settings, in the order in which people should read them.
func All() []Setting {
	t := reflect.TypeFor[Settings]()
	all := make([]Setting, t.NumField())
	for i := range all {
		tag := t.Field(i).Tag
		all[i] = Setting{
			Name:    tag.Get("name"),
			Env:     "FRESHET_" + strings.ToUpper(tag.Get("name")),
			Default: tag.Get("default"),
			Doc:     tag.Get("doc"),
			Secret:  tag.Get("secret") != "",
			Live:    tag.Get("live") != "",

			Commands: tag.Get("only") == "commands",
			index:    i,
			least:    tag.Get("least"),
			most:     tag.Get("most"),
			many:     t.Field(i).Type.Kind() == reflect.Slice,
		}
		if one := tag.Get("one"); one != "" {
			all[i].one = strings.Split(one, ",")
		}
	}
	return all
}

// Named finds a setting by its name.
func Named(name string) (Setting, bool) {
	for _, s := range All() {
		if s.Name == name {
			return s, true
		}
	}
	return Setting{}, false
}

package tick

import (
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // for machines without a time zone database

	"github.com/freshet/freshet"
)

// zones keeps what has been found, since thousands of schedules share a few
// zones and reading one takes longer than reading an expression. It holds no
// more than there are zones.
var zones sync.Map // of *time.Location by name

// Zone finds a time zone by its name in the IANA database, such as
// Europe/Paris. Names that mean another zone on another machine are refused.
// The machine's database comes first, so that governments' changes arrive with
// it; the built-in one is for machines that have none.
func Zone(name string) (*time.Location, error) {
	if zone, ok := loadZone(name); ok {
		return zone, nil
	}
	const places = "zones are called as in Europe/Paris, America/New_York or UTC"
	err := freshet.Errorf(freshet.Invalid, "there is no time zone %s", quote(name))
	switch near := nearZone(name); {
	case name == "":
		return nil, freshet.Errorf(freshet.Invalid, "the time zone is empty").WithHint(places)
	case slices.Contains(machineZones, name):
		return nil, freshet.Errorf(freshet.Invalid, "the zone %s is another one on each machine", quote(name)).WithHint(places)
	case near != "":
		return nil, err.WithHint("did you mean %s?", near)
	case strings.ContainsAny(name, "+0123456789"):
		return nil, err.WithHint("name a place, such as Europe/Paris, which knows its summer time; the fixed zone UTC+2 is called Etc/GMT-2")
	}
	return nil, err.WithHint(places)
}

// machineZones are the names of whatever a machine is set to.
var machineZones = []string{"Local", "localtime", "posixrules"}

func loadZone(name string) (*time.Location, bool) {
	if known, ok := zones.Load(name); ok {
		return known.(*time.Location), true
	}
	// right/ counts leap seconds, posix/ repeats what has a name already.
	if name == "" || slices.Contains(machineZones, name) || strings.HasPrefix(name, "right/") || strings.HasPrefix(name, "posix/") {
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	known, _ := zones.LoadOrStore(name, zone)
	return known.(*time.Location), true
}

// nearZone is a zone that may have been meant: the name in its proper letters,
// or a city without its continent.
func nearZone(name string) string {
	proper := strings.Map(func(r rune) rune {
		if r == ' ' {
			return '_'
		}
		return r
	}, strings.ToLower(strings.TrimSpace(name)))
	letters := []byte(proper)
	for i, c := range letters {
		if c >= 'a' && c <= 'z' && (i == 0 || strings.IndexByte("/_-", letters[i-1]) >= 0) {
			letters[i] = c - 'a' + 'A'
		}
	}
	candidates := []string{strings.ToUpper(proper), string(letters)}
	for _, area := range []string{"Europe", "America", "Asia", "Africa", "Australia", "Pacific", "Atlantic", "Indian", "America/Argentina"} {
		candidates = append(candidates, area+"/"+string(letters))
	}
	for _, c := range candidates {
		if _, ok := loadZone(c); ok && c != name {
			return c
		}
	}
	return ""
}

package simtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// Story is a parsed story file.
type Story struct {
	Name  string // of the file
	Title string // what it shows
	Flows []Flow // the workflow files, in order
	Lines []Line
	Slots int
	Rows  int       // that one transaction writes; 0: as usual
	Begin time.Time // by the clock on the wall; zero: as the bubble has it
}

// Flow is a workflow file of a story.
type Flow struct {
	Name, Source string
	Later        bool // an `upload` line uploads it
}

// Line is one line of the story section.
type Line struct {
	Number int
	At     time.Duration // since the story began; negative: right after the line before
	Run    int64         // that the line is about; 0: not said
	Verb   string        // its first word
	Rest   string
}

// ParseStories reads a file of stories: each `story` section with the workflow
// files since the one before it, or with the same ones. Its errors say file
// and line.
func ParseStories(name string, text []byte) ([]*Story, error) {
	var list []*Story
	var flows []Flow
	fresh := true
	lines := strings.Split(string(text), "\n")
	at := 0
	for _, f := range txtar.Parse(text).Files {
		at = after(lines, at, f.Name)
		title, isStory := strings.CutPrefix(f.Name, "story")
		switch {
		case isStory && len(flows) > 0:
			s := &Story{Name: name, Title: strings.TrimSpace(strings.TrimPrefix(title, ":")), Slots: 8}
			if err := s.parse(string(f.Data), at+1); err != nil {
				return nil, err
			}
			s.take(flows)
			list, fresh = append(list, s), true
		case strings.HasSuffix(f.Name, ".yaml"):
			if fresh {
				flows, fresh = nil, false
			}
			flows = append(flows, Flow{Name: f.Name, Source: string(f.Data)})
		case isStory:
			return nil, fmt.Errorf("%s:%d: a story follows its workflow", name, at)
		default:
			return nil, fmt.Errorf("%s:%d: a section is called story, story: TITLE or ends in .yaml, not %s", name, at, f.Name)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: a story has a workflow and a section story", name)
	}
	return list, nil
}

// after is the number of the line, beyond the given, that begins a section.
func after(lines []string, at int, section string) int {
	for i := at; i < len(lines); i++ {
		if strings.TrimSpace(lines[i]) == "-- "+section+" --" {
			return i + 1
		}
	}
	return at
}

// take notes which workflows the story uploads itself.
func (s *Story) take(flows []Flow) {
	for _, f := range flows {
		for _, l := range s.Lines {
			f.Later = f.Later || l.Verb == "upload" && l.Rest == f.Name
		}
		s.Flows = append(s.Flows, f)
	}
}

func (s *Story) parse(text string, number int) error {
	var at time.Duration
	for i, l := range strings.Split(text, "\n") {
		if l = strings.TrimSpace(l); l == "" || l[0] == '#' {
			continue
		}
		line := Line{Number: number + i, At: -1}
		word, rest := cut(l)
		if word == "at" {
			when, after := cut(rest)
			d, err := time.ParseDuration(when)
			if err != nil || d < at {
				return fmt.Errorf("%s:%d: `at` is followed by a duration since the beginning, none before the last one, not %q", s.Name, line.Number, when)
			}
			at, line.At = d, d
			word, rest = cut(after)
		}
		if word == "run" && !strings.HasPrefix(rest, ":") { // `run 2 task a: exit 0`
			id, after := cut(rest)
			if _, err := fmt.Sscanf(id, "%d", &line.Run); err != nil {
				return fmt.Errorf("%s:%d: `run` is followed by its number, not %q", s.Name, line.Number, id)
			}
			word, rest = cut(after)
		}
		if word == "slots" {
			if _, err := fmt.Sscanf(rest, "%d", &s.Slots); err != nil {
				return fmt.Errorf("%s:%d: `slots` is followed by a number, not %q", s.Name, line.Number, rest)
			}
			continue
		}
		if word == "rows" {
			if _, err := fmt.Sscanf(rest, "%d", &s.Rows); err != nil {
				return fmt.Errorf("%s:%d: `rows` is followed by a number, not %q", s.Name, line.Number, rest)
			}
			continue
		}
		if word == "begin" {
			when, err := readBegin(rest)
			if err != nil {
				return fmt.Errorf("%s:%d: %w", s.Name, line.Number, err)
			}
			s.Begin = when
			continue
		}
		line.Verb, line.Rest = word, rest
		s.Lines = append(s.Lines, line)
	}
	return nil
}

// readBegin reads `DATE TIME [ZONE]`.
func readBegin(text string) (time.Time, error) {
	f := append(strings.Fields(text), "UTC")
	if len(f) < 3 {
		return time.Time{}, fmt.Errorf("`begin` is followed by a date, a time and perhaps a zone, not %q", text)
	}
	zone, err := time.LoadLocation(f[2])
	if err != nil {
		return time.Time{}, err
	}
	return time.ParseInLocation("2006-01-02 15:04", f[0]+" "+f[1], zone)
}

// cut takes the first word.
func cut(s string) (word, rest string) {
	word, rest, _ = strings.Cut(strings.TrimSpace(s), " ")
	return word, strings.TrimSpace(rest)
}

package keeper

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/freshet/freshet"
)

// A keeper writes down every attempt before it forks it, and its process
// before it reports it. What the file is for is the keeper's death: whoever
// comes next kills what is left of the attempts listed there, and knows that
// what is not listed never started. It is not synced: it has to outlive the
// process, not the machine.
//
// The first line names the keeper, its boot and the version of the file; then
//
//	i RUN ITEM SEQ TRY "TASK"                 is about to be forked
//	p RUN ITEM SEQ TRY "TASK" PID STARTTIME   is that process
//
// It ends as INSTANCE.dead once nothing in it can be alive.
const pidsHeader = "freshet-keeper-1"

// pidsSlack is how large the file may grow before what has been released is
// dropped from it.
const pidsSlack = 4 << 20

type pids struct {
	f    *os.File
	path string
	head string
	size int64
	torn bool // the last line has no end: the disk was full
}

func newPids(path, instance, boot string) (*pids, error) {
	p := &pids{path: path, head: fmt.Sprintf("%s %s %s\n", pidsHeader, instance, boot)}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the list of processes: %w", err)
	}
	p.f = f
	return p, p.append([]byte(p.head))
}

func (p *pids) append(b []byte) error {
	if p.torn {
		b = append([]byte{'\n'}, b...)
	}
	n, err := p.f.Write(b)
	p.size += int64(n)
	p.torn = p.torn && n == 0 || n > 0 && b[n-1] != '\n'
	if err != nil {
		return fmt.Errorf("list a process: %w", err)
	}
	return nil
}

func appendIntent(b []byte, k freshet.Key) []byte { return append(appendKey(b, 'i', k), '\n') }

func appendProcess(b []byte, k freshet.Key, pid int, start uint64) []byte {
	b = append(appendKey(b, 'p', k), ' ')
	b = strconv.AppendInt(b, int64(pid), 10)
	b = append(b, ' ')
	b = strconv.AppendUint(b, start, 10)
	return append(b, '\n')
}

func appendKey(b []byte, sort byte, k freshet.Key) []byte {
	b = append(b, sort, ' ')
	for _, n := range []int64{k.Run, int64(k.Item), int64(k.Seq), int64(k.Try)} {
		b = append(strconv.AppendInt(b, n, 10), ' ')
	}
	return strconv.AppendQuote(b, k.Task)
}

// compact rewrites the file with what is still held, once it is long. What
// has been released is committed as ended: nobody will ask for it again.
func (p *pids) compact(held []State) error {
	if p.size < pidsSlack || p.size < int64(len(held))*1000 {
		return nil
	}
	b := []byte(p.head)
	for _, s := range held {
		b = appendIntent(b, s.Key)
		if s.PID != 0 {
			b = appendProcess(b, s.Key, s.PID, s.StartTime)
		}
	}
	temp := p.path + ".new"
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		f.Close()
		return err
	}
	if err := os.Rename(temp, p.path); err != nil {
		f.Close()
		return err
	}
	p.f.Close()
	p.f, p.size, p.torn = f, int64(len(b)), false
	return nil
}

// listed is an attempt of a file of processes; PID is 0 if the keeper died
// before it could write it down.
type listed struct {
	Key       freshet.Key
	PID       int
	StartTime uint64
}

type pidsFile struct {
	Instance, Boot string
	Attempts       []listed
}

// readPids reads what a keeper wrote. A line that makes no sense is skipped:
// it was being written when the keeper died, and its process does not exist.
func readPids(path string) (pidsFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return pidsFile{}, fmt.Errorf("read a list of processes: %w", err)
	}
	defer f.Close()
	var out pidsFile
	at := map[freshet.Key]int{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if head, ok := strings.CutPrefix(lines.Text(), pidsHeader+" "); ok {
			out.Instance, out.Boot, _ = strings.Cut(head, " ")
			continue
		}
		l, ok := parseListed(lines.Text())
		if !ok {
			continue
		}
		if i, seen := at[l.Key]; seen {
			if l.PID != 0 {
				out.Attempts[i] = l
			}
			continue
		}
		at[l.Key] = len(out.Attempts)
		out.Attempts = append(out.Attempts, l)
	}
	return out, lines.Err()
}

func parseListed(line string) (listed, bool) {
	var l listed
	sort, rest, ok := strings.Cut(line, " ")
	if !ok || sort != "i" && sort != "p" {
		return l, false
	}
	item, seq, try := int64(0), int64(0), int64(0)
	for _, n := range []*int64{&l.Key.Run, &item, &seq, &try} {
		var word string
		var err error
		word, rest, _ = strings.Cut(rest, " ")
		if *n, err = strconv.ParseInt(word, 10, 64); err != nil {
			return l, false
		}
	}
	l.Key.Item, l.Key.Seq, l.Key.Try = int(item), int(seq), int(try)
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return l, false
	}
	if l.Key.Task, err = strconv.Unquote(quoted); err != nil {
		return l, false
	}
	if sort == "i" {
		return l, rest == quoted
	}
	pid, start, ok := strings.Cut(strings.TrimPrefix(rest[len(quoted):], " "), " ")
	if !ok {
		return l, false
	}
	if l.PID, err = strconv.Atoi(pid); err != nil || l.PID <= 1 {
		return l, false
	}
	l.StartTime, err = strconv.ParseUint(start, 10, 64)
	return l, err == nil
}

// Departed answers what became of attempts that a keeper of the home held
// which is gone. Nothing of them is alive: a keeper listens only after it has
// made sure of that.
type Departed struct {
	instances map[string]bool
	started   map[freshet.Key]bool
}

// ReadDeparted reads what the earlier keepers of a home, in this boot, left.
func ReadDeparted(home string) (Departed, error) {
	d := Departed{map[string]bool{}, map[freshet.Key]bool{}}
	boot := bootID()
	paths, err := filepath.Glob(placeOf(home).path("*.dead"))
	if err != nil {
		return d, err
	}
	for _, path := range paths {
		f, err := readPids(path)
		if err != nil {
			return d, err
		}
		// What was written before a power cut may not be all there was.
		if f.Boot != boot || f.Instance == "" {
			continue
		}
		d.instances[f.Instance] = true
		for _, l := range f.Attempts {
			d.started[l.Key] = true
		}
	}
	return d, nil
}

// Never tells whether an attempt that was claimed from the holder is known to
// have never started, there or under a successor.
func (d Departed) Never(holder string, k freshet.Key) bool {
	return d.instances[holder] && !d.started[k]
}

// departedFor is how long lists of departed keepers are kept.
const departedFor = 30 * 24 * time.Hour

func forgetDeparted(p place) {
	paths, _ := filepath.Glob(p.path("*.dead"))
	for _, path := range paths {
		if st, err := os.Stat(path); err == nil && time.Since(st.ModTime()) > departedFor {
			os.Remove(path)
		}
	}
}

package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/keeper"
)

// hold is what is known of an attempt from its start, or recovery, to its
// release. Guarded by Local.mu.
type hold struct {
	key      freshet.Key
	epoch    int64
	node     string // the keeper that was asked last
	accepted bool   // it has it
	log      string
	started  bool                // reported
	ended    bool                // reported
	hide     func(string) string // masks secrets; nil: it has none
	meta     string              // its own directory, once it has ended
	keep     *harvest            // what of its files is kept; nil: nothing
}

const keeperEnded = "its keeper ended before it did"

// observe hears a notice of the keeper.
func (l *Local) observe(s keeper.State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.learn(s)
}

// learn reports what is new in a state. Called with mu held.
func (l *Local) learn(s keeper.State) {
	h := l.held[s.Key]
	switch {
	case h == nil && !l.recovered:
		if !l.early[s.Key].Ended() {
			l.early[s.Key] = s
		}
		return
	case h == nil:
		l.strays = append(l.strays, s.Key)
		wake(l.tidy)
		return
	}
	h.accepted = true
	if s.Log != "" {
		h.log = s.Log
	}
	if s.PID != 0 && !h.started {
		h.started = true
		l.emit(pending{Report: executor.Report{
			Key: s.Key, Epoch: h.epoch, Kind: executor.Started, Time: s.StartedAt, PID: s.PID, Log: s.Log,
		}})
	}
	if s.Ended() && !h.ended {
		h.ended = true
		p := pending{Report: executor.Report{
			Key: s.Key, Epoch: h.epoch, Kind: executor.Ended, Time: s.EndedAt, PID: s.PID, Log: s.Log,
			ExitCode: s.ExitCode, Code: s.Code, Reason: s.Reason,
		}, hide: h.hide}
		h.meta = s.Meta
		if s.Code == "" {
			p.outputs = filepath.Join(s.Meta, outputFile)
			p.keep = h.keep
		}
		l.leave(p)
	}
}

// lost reports the end of what a dead keeper held, and what it has left
// behind. Called with mu held.
func (l *Local) lost(h *hold) { l.endAs(h, freshet.CodeLost, keeperEnded, h.keep) }

// endWithout reports the end of what no keeper had. Called with mu held.
func (l *Local) endWithout(h *hold, code freshet.Code, reason string) { l.endAs(h, code, reason, nil) }

func (l *Local) endAs(h *hold, code freshet.Code, reason string, keep *harvest) {
	if h.ended {
		return
	}
	h.ended = true
	l.leave(pending{Report: executor.Report{
		Key: h.key, Epoch: h.epoch, Kind: executor.Ended, Time: freshet.Time(time.Now()), Log: h.log,
		Code: code, Reason: reason,
	}, hide: h.hide, keep: keep})
}

// emit queues a report. Called with mu held, so that the reports of a key are
// in order; nobody waits for who reads them.
func (l *Local) emit(p pending) {
	l.out = append(l.out, p)
	wake(l.more)
}

// pending is a report whose outputs have not been read yet.
type pending struct {
	executor.Report
	outputs string // path; empty: none to read
	hide    func(string) string
	keep    *harvest // nil: no artifacts
}

func (p pending) complete() executor.Report {
	if p.hide != nil {
		p.Reason, p.BadArtifacts = p.hide(p.Reason), p.hide(p.BadArtifacts)
		for i := range p.Artifacts {
			a := &p.Artifacts[i]
			if a.Path = p.hide(a.Path); p.hide(a.Dir) != a.Dir {
				a.Dir = "/" // somewhere
			}
		}
	}
	if p.outputs == "" {
		return p.Report
	}
	data, err := readOutputs(p.outputs)
	if err == nil && p.hide != nil {
		data = []byte(p.hide(string(data))) // before it is read, so that no message quotes a part of a secret
	}
	if err == nil {
		p.Outputs, err = executor.ParseOutputs(data)
	}
	if err != nil {
		p.BadOut = err.Error()
	}
	return p.Report
}

// readOutputs reads one byte more than is allowed at most: enough to see that
// it is too much. What a script has put there instead of a file is not waited
// for.
func readOutputs(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("$FRESHET_OUTPUT cannot be read: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("$FRESHET_OUTPUT cannot be read: %w", err)
	}
	if !st.Mode().IsRegular() {
		return nil, errors.New("$FRESHET_OUTPUT is not a file any more")
	}
	if st.Size() > freshet.MaxOutputBytes {
		return nil, fmt.Errorf("$FRESHET_OUTPUT has %d bytes, and at most %d are allowed", st.Size(), freshet.MaxOutputBytes)
	}
	data, err := io.ReadAll(io.LimitReader(f, freshet.MaxOutputBytes+1))
	if err != nil {
		return nil, fmt.Errorf("$FRESHET_OUTPUT cannot be read: %w", err)
	}
	return data, nil
}

// wipe removes what an attempt was given, and what it gave, from its
// directory, where secrets may stand in it. Its end, with its outputs, is
// committed.
func wipe(meta string) {
	if meta != "" {
		os.Remove(filepath.Join(meta, inputFile))
		os.Remove(filepath.Join(meta, outputFile))
	}
}

// stopStrays ends and forgets what the keeper holds and nobody asked about:
// starts that arrived after the server that sent them had died.
func (l *Local) stopStrays(ctx context.Context) {
	c, err := l.link(ctx)
	if err != nil {
		return // the next connection finds them again
	}
	l.mu.Lock()
	var keys []freshet.Key
	for _, k := range l.strays {
		if l.held[k] == nil {
			keys = append(keys, k)
		}
	}
	l.strays = nil
	l.mu.Unlock()
	for _, k := range keys {
		s, err := c.Stop(ctx, k, strayGrace) // its end comes here again
		if err != nil {
			return
		}
		if s.Ended() {
			wipe(s.Meta)
			_ = c.Release(ctx, []freshet.Key{k})
		}
	}
}

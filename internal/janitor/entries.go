package janitor

import (
	"time"

	"github.com/freshet/freshet/internal/store"
)

var never time.Time

// How many entries are looked at together, and of what is kept of the old part
// of the journal with each pass, at least.
const (
	someEntries   = 1000
	someLeftovers = 2000
)

// entries looks through the journal once, from where it has come so far to
// where entries are young. What nothing needs goes, the rest is left behind.
func (p *pass) entries() error {
	till, ok := p.till(0)
	if !ok {
		return nil
	}
	young, err := p.j.cfg.Store.OffsetAt(p.ctx, till)
	if err != nil {
		return err
	}
	if _, err := p.old(); err != nil {
		return err
	}
	for p.swept < young-1 {
		last, err := p.unneeded(p.swept, young-1, someEntries)
		if err != nil || last == p.swept {
			return err
		}
		p.swept = last
	}
	return nil
}

// unneeded removes, of some entries after an offset, those that nothing needs,
// and tells how far it has looked.
func (p *pass) unneeded(after, upto int64, look int) (int64, error) {
	offsets, last, err := p.j.cfg.Store.Unneeded(p.ctx, after, upto, look)
	if err != nil || last == after {
		return last, err
	}
	if offsets, err = p.forgotten(offsets, upto); err != nil {
		return 0, err
	}
	for len(offsets) > store.SweepRows {
		if err := p.sweep(&store.Sweep{Entries: offsets[:store.SweepRows]}); err != nil {
			return 0, err
		}
		offsets = offsets[store.SweepRows:]
	}
	return last, p.sweep(&store.Sweep{Entries: offsets, Upto: last})
}

// leftovers looks again at a part of what has been left behind: what needed it
// may be gone. It goes round, and the more it finds the further it goes.
func (p *pass) leftovers() error {
	if p.keep < 0 {
		return nil
	}
	swept, err := p.old()
	if err != nil {
		return err
	}
	if p.j.place >= swept {
		p.j.place = 0
	}
	for {
		before := p.done.Entries
		last, err := p.unneeded(p.j.place, swept, someLeftovers)
		if err != nil {
			return err
		}
		if last == p.j.place || last >= swept {
			p.j.place = 0
			return nil
		}
		p.j.place = last
		if p.done.Entries-before < someLeftovers/10 {
			return nil
		}
	}
}

// old is the offset up to which entries may go as soon as nothing needs them.
func (p *pass) old() (int64, error) {
	if p.swept > 0 {
		return p.swept, nil
	}
	var err error
	p.swept, err = p.j.cfg.Store.Swept(p.ctx)
	return p.swept, err
}

// free are, of some entries, those that are old enough and that nothing
// remembers; whether something else needs them is seen when they are removed.
func (p *pass) free(offsets []int64) ([]int64, error) {
	swept, err := p.old()
	if err != nil {
		return nil, err
	}
	var list []int64
	for _, o := range offsets {
		if o > 0 && o <= swept {
			list = append(list, o)
		}
	}
	return p.forgotten(list, swept)
}

// forgotten are those of some entries that no rule, trigger or start
// remembers. What is remembered may come to be remembered elsewhere, but
// nothing decided begins to be remembered, so that one look does for a pass.
func (p *pass) forgotten(offsets []int64, upto int64) ([]int64, error) {
	if len(offsets) == 0 {
		return nil, nil
	}
	if p.remembered == nil || upto > p.upto {
		var err error
		if p.remembered, err = p.j.cfg.Store.Remembered(p.ctx, upto); err != nil {
			return nil, err
		}
		p.upto = upto
	}
	list := offsets[:0]
	for _, o := range offsets {
		if !p.remembered[o] {
			list = append(list, o)
		}
	}
	return list, nil
}

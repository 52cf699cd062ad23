package janitor

import "github.com/freshet/freshet/internal/store"

// A file is made smaller where so much of it is spare that it may not be wanted
// again soon: a quarter, and at least so many pages. So many at once cost the
// writer a few milliseconds.
const (
	sparePart  = 4
	sparePages = 5000
	shrinkStep = 100
)

// shrink gives back to the file system what the database does not use. What is
// spare is used again otherwise.
func (p *pass) shrink() error {
	for before := int64(-1); ; {
		spare, all, err := p.j.cfg.Store.Pages(p.ctx)
		if err != nil || spare < sparePages || spare < all/sparePart || all == before {
			return err
		}
		before = all // a file that cannot be made smaller stays as it is
		for range 20 {
			if err := p.sweep(&store.Sweep{Shrink: shrinkStep}); err != nil {
				return err
			}
		}
	}
}

package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/auth"
	"github.com/freshet/freshet/internal/store"
)

// Progress keeps how far attempts have come.
type Progress interface {
	Set(k freshet.Key, p freshet.Progress)
	Forget(keys []freshet.Key)
	Fill(list []freshet.Execution)
}

// progressText bounds what an attempt says it is doing, in bytes.
const progressText = 200

type progressInput struct {
	RunPath
	Body freshet.Progress
}

func (a *API) addProgress() {
	add(a, http.MethodPost, "/runs/{run}/progress", "set-progress", "Tell how far a task has come", a.setProgress, tag("tasks"), forTasks,
		describe("Only a running task can tell it, with its own token. The last value is shown with its execution until that ends, and kept nowhere."))
}

func (a *API) setProgress(ctx context.Context, in *progressInput) (*none, error) {
	c := auth.From(ctx).Task
	if c == nil {
		return nil, freshet.Errorf(freshet.Forbidden, "only a running task can tell how far it has come").
			WithHint("it does so with its own token, $FRESHET_TOKEN")
	}
	p := in.Body
	if p.Done < 0 || p.Total < 0 || p.Total > 0 && p.Done > p.Total {
		return nil, freshet.Errorf(freshet.Invalid, "done is %d of total %d", p.Done, p.Total).
			WithHint("both count from 0; a total of 0 is one that is not known")
	}
	var err error
	if p.Text, err = a.maskedText(ctx, in.Run, p.Text); err != nil {
		return nil, err
	}
	if len(p.Text) > progressText {
		cut := progressText
		for !utf8.RuneStart(p.Text[cut]) {
			cut--
		}
		p.Text = p.Text[:cut]
	}
	a.Progress.Set(c.Key, p)
	if !a.running(ctx, c.Key) { // it has ended meanwhile, and its end has been forgotten about already
		a.Progress.Forget([]freshet.Key{c.Key})
	}
	return nil, nil
}

// running tells whether it is known that an attempt has not ended.
func (a *API) running(ctx context.Context, k freshet.Key) bool {
	rows, err := a.Store.Executions(ctx, store.ExecutionFilter{Run: k.Run, Task: k.Task, Item: &k.Item, Seq: k.Seq, AllTries: true})
	return err == nil && slices.ContainsFunc(rows, func(x freshet.Execution) bool { return x.Try == k.Try && x.Status.Alive() && x.EndedAt == nil })
}

// maskedText hides in a text what nobody may read of a run. It comes before
// any cut: of half a value no mask knows.
func (a *API) maskedText(ctx context.Context, run int64, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	r, err := a.Store.Run(ctx, run)
	if err != nil {
		return "", err
	}
	w, err := a.versions.of(ctx, a.Store, r)
	if err != nil {
		w = nil
	}
	return a.maskOf(r, w).Text(strings.ToValidUTF8(text, "\uFFFD")), nil
}

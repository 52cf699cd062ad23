package api

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/auth"
)

// Progress keeps how far attempts have come.
type Progress interface {
	Set(k freshet.Key, p freshet.Progress)
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
	if p.Text = strings.ToValidUTF8(p.Text, "\uFFFD"); len(p.Text) > progressText {
		cut := progressText
		for !utf8.RuneStart(p.Text[cut]) {
			cut--
		}
		p.Text = p.Text[:cut]
	}
	a.Progress.Set(c.Key, p)
	return nil, nil
}

package api

import (
	"context"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/secret"
	"github.com/freshet/freshet/internal/spec"
)

// maskOf finds in what is told of a run the secrets that its version mentions
// and its writeOnly parameters. w is nil where the version no longer loads:
// then it may have used any secret, and no parameter is shown.
func (a *API) maskOf(r *freshet.Run, w *spec.Workflow) *secret.Mask {
	if w != nil && len(w.Secrets) == 0 && len(w.WriteOnly()) == 0 {
		return nil
	}
	var values []string
	for name, v := range r.Parameters {
		if w == nil || w.Hides(name) {
			values = secret.Texts(values, v)
		}
	}
	if a.Secrets == nil {
		return secret.NewMask(values)
	}
	var names []string
	if w != nil {
		names = w.Secrets
	} else if all, err := a.Secrets.List(); err == nil {
		for _, s := range all {
			names = append(names, s.Name)
		}
	}
	return secret.NewMask(append(values, a.Secrets.Values(names)...))
}

// maskRun hides in a run what nobody may read.
func (a *API) maskRun(r *freshet.Run, w *spec.Workflow) {
	m := a.maskOf(r, w)
	if m == nil && w != nil && len(w.WriteOnly()) == 0 {
		return
	}
	shown := make(map[string]any, len(r.Parameters))
	for name, v := range r.Parameters {
		if w == nil || w.Hides(name) {
			v = freshet.Masked
		}
		shown[name] = m.Value(v)
	}
	r.Parameters = shown
	r.Reason = m.Text(r.Reason)
	if r.Outputs != nil {
		r.Outputs = m.Value(r.Outputs).(map[string]any)
	}
}

func maskExecutions(m *secret.Mask, rows []freshet.Execution) []freshet.Execution {
	for i := range rows {
		x := &rows[i]
		x.Reason = m.Text(x.Reason)
		if x.Progress != nil {
			x.Progress.Text = m.Text(x.Progress.Text)
		}
		if m != nil && x.Outputs != nil {
			x.Outputs = m.Value(x.Outputs).(map[string]any)
		}
		maskArtifacts(m, x.Artifacts)
	}
	return rows
}

// maskArtifacts hides what nobody may read in where files lay. Their contents
// are the task's own.
func maskArtifacts(m *secret.Mask, files []freshet.Artifact) {
	for i := range files {
		files[i].Path, files[i].Dir = m.Text(files[i].Path), m.Text(files[i].Dir)
	}
}

// explained hides in an explanation what nobody may read of its run.
func (a *API) explained(ctx context.Context, run int64, e freshet.Explanation) (freshet.Explanation, error) {
	r, err := a.Store.Run(ctx, run)
	if err != nil {
		return e, err
	}
	w, err := a.versions.of(ctx, a.Store, r)
	if err != nil {
		w = nil
	}
	m := a.maskOf(r, w)
	e.Summary = m.Text(e.Summary)
	e.Because = maskReasons(m, e.Because)
	return e, nil
}

func maskReasons(m *secret.Mask, list []freshet.Reason) []freshet.Reason {
	if m == nil {
		return list
	}
	shown := make([]freshet.Reason, len(list))
	for i, r := range list {
		r.Text, r.Because = m.Text(r.Text), maskReasons(m, r.Because)
		shown[i] = r
	}
	return shown
}

package api

import (
	"net/http"
	"strings"

	"github.com/freshet/freshet"
)

var errStarting = freshet.Errorf(freshet.Unavailable, "the server is starting").WithHint("try again in a moment")

// answerReady says whether requests are worth sending here.
func (a *API) answerReady(w http.ResponseWriter) {
	var trouble []string
	if a.ready() && a.Trouble != nil {
		trouble = a.Trouble()
	}
	switch {
	case !a.ready():
		answerError(w, errStarting)
	case len(trouble) > 0:
		answerError(w, freshet.Errorf(freshet.Unavailable, "%s", strings.Join(trouble, "; ")).
			WithHint("`server status` and `doctor` on the server's machine say more"))
	default:
		answerText(w, http.StatusOK, "ready\n")
	}
}

// answered remembers the status of an answer.
type answered struct {
	http.ResponseWriter
	status int
}

func (w *answered) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *answered) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets deadlines be set and answers be flushed.
func (w *answered) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// noRoute is what requests are counted under that fit no pattern, or were not
// let in.
const noRoute = "none"

// tally tells of an answer, by the pattern that its request fits.
func (a *API) tally(r *http.Request, status int) {
	if a.Count == nil {
		return
	}
	route := r.Pattern
	switch {
	case r.URL.Path == "/healthz" || r.URL.Path == "/readyz":
		route = "GET " + r.URL.Path
	case route == "":
		route = noRoute
	}
	if status == 0 { // an answer without anything
		status = http.StatusOK
	}
	a.Count(route, status)
}

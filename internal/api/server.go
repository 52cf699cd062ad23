package api

import (
	"context"
	"net/http"

	"github.com/freshet/freshet"
)

type stopBody struct {
	StopTasks bool `json:"stop_tasks,omitempty" doc:"end running tasks too; else they go on without the server"`
}

func (a *API) addServer() {
	add(a, http.MethodGet, "/server", "get-server", "The server as it is now", func(context.Context, *none) (*out[freshet.Server], error) {
		return &out[freshet.Server]{a.Server()}, nil
	})
	type stop struct{ Body *stopBody }
	add(a, http.MethodPost, "/server/stop", "stop-server", "End the server", func(_ context.Context, in *stop) (*none, error) {
		a.Stop(in.Body != nil && in.Body.StopTasks)
		return nil, nil
	}, status(http.StatusAccepted))
}

package api

import (
	"context"
	"net/http"
)

func (a *API) addNames() {
	type query struct {
		Kind      string `query:"kind" required:"true" enum:"workflow,namespace,key,run,task" doc:"what to complete; key is that of events"`
		Namespace string `query:"namespace" doc:"only of this namespace"`
		Prefix    string `query:"prefix" doc:"what the names begin with"`
		Limit     int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	}
	add(a, http.MethodGet, "/names", "list-names", "Complete a word", func(ctx context.Context, in *query) (*out[[]string], error) {
		names, err := a.Store.Names(ctx, in.Kind, in.Namespace, in.Prefix, in.Limit)
		return list(names), err
	}, tag("server"))
}

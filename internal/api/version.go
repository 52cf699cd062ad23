package api

import (
	"context"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// VersionPath names a version of a workflow.
type VersionPath struct {
	WorkflowPath
	Version string `path:"version" pattern:"^[0-9a-f]{4,64}$" patternDescription:"version: four and more of its digits, 0-9 and a-f" doc:"version, or so many of its first digits as are unique"`
}

// fullVersion is the length of a version.
const fullVersion = 64

func (a *API) version(ctx context.Context, in *VersionPath) (*out[freshet.VersionDetail], error) {
	version, err := a.wholeVersion(ctx, in)
	if err != nil {
		return nil, err
	}
	row, err := a.Store.Version(ctx, in.Namespace, in.Name, version)
	if err != nil {
		return nil, err
	}
	d := freshet.VersionDetail{Namespace: row.Namespace, Name: row.Name, Source: row.Source, Files: row.Files,
		Version: freshet.Version{Version: row.Version, CreatedAt: row.CreatedAt}}
	if d.Files == nil {
		d.Files = []freshet.File{}
	}
	return &out[freshet.VersionDetail]{d}, nil
}

// wholeVersion completes a version of which the first digits are given.
func (a *API) wholeVersion(ctx context.Context, in *VersionPath) (string, error) {
	if len(in.Version) == fullVersion {
		return in.Version, nil
	}
	rows, err := a.Store.Versions(ctx, in.Namespace, in.Name, 0)
	if err != nil {
		return "", err
	}
	if len(rows) == 0 {
		_, err := a.find(ctx, in.Namespace, in.Name)
		if err != nil {
			return "", err
		}
	}
	var found []machine.VersionRow
	for _, r := range rows {
		if strings.HasPrefix(r.Version, in.Version) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 1:
		return found[0].Version, nil
	case 0:
		return "", freshet.Errorf(freshet.NotFound, "%s.%s has no version %s", in.Namespace, in.Name, in.Version).
			WithHint("`workflow show %s.%s` lists its versions", in.Namespace, in.Name)
	}
	return "", freshet.Errorf(freshet.Invalid, "%d versions of %s.%s begin with %s", len(found), in.Namespace, in.Name, in.Version).
		WithHint("more digits tell them apart, for example %.12s", found[0].Version)
}

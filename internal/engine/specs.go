package engine

import (
	"fmt"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
)

// specs finds for the machine what is compiled: versions that runs have or
// will have, those of an upload at hand, and triggers that were added at run
// time. It compiles at the first question.
type specs struct {
	t         *turn
	namespace string
	uploads   []machine.Uploaded
	err       error // of the store; the decision is void then
}

var _ machine.Specs = (*specs)(nil)

func (s *specs) Workflow(name, hash string) (*spec.Workflow, error) {
	id := versionID{s.namespace, name, hash}
	v, err := s.version(id)
	if err != nil {
		return nil, s.fault(err)
	}
	return v.spec, nil
}

func (s *specs) version(id versionID) (*version, error) {
	if u := s.upload(id); u != nil {
		return s.t.e.compile(id, &machine.VersionRow{Source: u.Source, Files: u.Files})
	}
	return s.t.version(id)
}

// upload finds a version that is being uploaded and is not known yet.
func (s *specs) upload(id versionID) *machine.Uploaded {
	if _, known := s.t.e.versions[id]; known {
		return nil
	}
	for i := range s.uploads {
		if s.uploads[i].Name == id.name && s.uploads[i].Version == id.version {
			return &s.uploads[i]
		}
	}
	return nil
}

func (s *specs) Trigger(t *machine.TriggerRow, hash string) (*spec.Trigger, error) {
	if t.Source == freshet.FromFile {
		w, err := s.Workflow(t.Workflow, hash)
		if err != nil {
			return nil, err
		}
		if t.Index >= len(w.On) {
			return nil, fmt.Errorf("its file has no entry %d under `on`", t.Index+1)
		}
		return w.On[t.Index], nil
	}
	if on, ok := s.t.e.triggers[t.ID]; ok {
		return on, nil
	}
	on, diags := spec.ParseTrigger([]byte(t.Text), nil)
	if on == nil {
		return nil, fmt.Errorf("this version of Freshet cannot read the trigger: %w", diags.Err())
	}
	s.t.e.triggers[t.ID] = on
	return on, nil
}

// fault keeps an error of the store, which voids the decision. That a version
// cannot be read is a fact that a decision can be made on.
func (s *specs) fault(err error) error {
	if !isUnreadable(err) {
		s.err = err
	}
	return err
}

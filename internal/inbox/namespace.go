package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// AddNamespace adds a namespace.
func (x *Inbox) AddNamespace(ctx context.Context, name string, properties map[string]any) error {
	if err := x.place(ctx, name); err != nil {
		return err
	}
	return x.putNamespace(ctx, name, machine.SpaceChange{Add: true, Properties: properties})
}

// UpdateNamespace sets properties of a namespace; those that are null are
// removed, and those that are not given stay.
func (x *Inbox) UpdateNamespace(ctx context.Context, name string, properties map[string]any) error {
	if err := x.namespace(ctx, name); err != nil {
		return err
	}
	return x.putNamespace(ctx, name, machine.SpaceChange{Properties: properties})
}

// maxProperties bounds what one command may say about a namespace.
const maxProperties = 64 << 10

func (x *Inbox) putNamespace(ctx context.Context, name string, c machine.SpaceChange) error {
	text, err := json.Marshal(c.Properties)
	if err != nil {
		return freshet.Errorf(freshet.Invalid, "the properties cannot be written as JSON: %v", err)
	}
	if len(text) > maxProperties {
		return freshet.Errorf(freshet.TooLarge, "the properties of a namespace have at most %d bytes; these have %d", maxProperties, len(text)).
			WithHint("keep large data in a file, and say where it is")
	}
	if c.Properties != nil {
		plain, err := plainNumbers(c.Properties)
		if err != nil {
			return err
		}
		c.Properties = plain.(map[string]any)
	}
	_, err = x.one(ctx, machine.Entry{Namespace: name, Kind: machine.PutNamespace, Body: machine.Body{Space: &c}})
	return err
}

// DeleteNamespace deletes a namespace that holds no workflows.
func (x *Inbox) DeleteNamespace(ctx context.Context, name string) error {
	if name != freshet.DefaultNamespace { // of that one the machine says more
		if err := x.namespace(ctx, name); err != nil {
			return err
		}
	}
	_, err := x.one(ctx, machine.Entry{Namespace: name, Kind: machine.DropNamespace})
	return err
}

// namespace tells whether there is such a namespace. The default one always
// is.
func (x *Inbox) namespace(ctx context.Context, name string) error {
	if name == freshet.DefaultNamespace {
		return nil
	}
	if name != "" { // which would be all of them
		// Most hold a workflow, and to find one costs the same however many there are.
		flows, err := x.store.Workflows(ctx, store.WorkflowFilter{Namespace: name, Limit: 1})
		if err != nil || len(flows) > 0 {
			return err
		}
		found, err := x.store.Namespaces(ctx, name)
		if err != nil || len(found) > 0 {
			return err
		}
	}
	if err := checkNamespace(name); err != nil {
		return err
	}
	return freshet.Errorf(freshet.NotFound, "there is no namespace %s", name).
		WithHint("`namespace add %s` adds it, and so does uploading a workflow to it", name)
}

// place tells whether there is, or may be, a namespace of that name.
func (x *Inbox) place(ctx context.Context, name string) error {
	err := x.namespace(ctx, name)
	if freshet.CodeOf(err) != freshet.NotFound {
		return err
	}
	all, err := x.store.Namespaces(ctx, "")
	for _, n := range all {
		if strings.EqualFold(n.Name, name) {
			return freshet.Errorf(freshet.Conflict, "there is a namespace %s already, and names are one if they differ in case only", n.Name).
				WithHint("call it %s, or give it another name", n.Name)
		}
	}
	return err
}

var nameRegexp = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// maxName is for how long the format lets names be.
const maxName = 128

// checkNamespace tells what is wrong with the name of a new namespace.
func checkNamespace(name string) error {
	switch {
	case name == "":
		return freshet.Errorf(freshet.Invalid, "a namespace needs a name")
	case len(name) > maxName:
		return freshet.Errorf(freshet.Invalid, "a name has at most %d characters; this one has %d", maxName, len(name))
	case !nameRegexp.MatchString(name):
		return freshet.Errorf(freshet.Invalid, "%q is not a name", name).
			WithHint("names consist of letters, digits, _ and -, and begin with a letter or _")
	}
	return nil
}

// plainNumbers makes int64 and float64 of the numbers of a JSON value, which
// is what the store keeps.
func plainNumbers(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i, nil
		}
		if err := spec.Exact(v); err != nil {
			return nil, freshet.Errorf(freshet.Invalid, "%v", err)
		}
		f, err := v.Float64()
		if err != nil || math.IsInf(f, 0) {
			return nil, freshet.Errorf(freshet.Invalid, "the number %s is too large", v)
		}
		return f, nil
	case []any:
		for i := range v {
			if v[i], err = plainNumbers(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range v {
			if v[k], err = plainNumbers(v[k]); err != nil {
				return nil, err
			}
		}
	case nil, bool, string, int64, float64:
	default:
		return nil, fmt.Errorf("a property is of type %T", v)
	}
	return v, nil
}

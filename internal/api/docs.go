package api

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs.html
var docsText string

// addDocs serves the description itself and a page made of it. The page
// loads nothing from anywhere.
func (a *API) addDocs() {
	a.mux.HandleFunc("GET /api/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(a.spec)
	})
	page := a.page()
	a.mux.HandleFunc("GET /api/docs", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_, _ = w.Write(page)
	})
}

type docsGroup struct {
	Name       string
	Operations []docsOperation
}

type docsOperation struct {
	Method, Path string
	*huma.Operation
	Takes, Gives string
}

type docsShape struct {
	Name   string
	Fields []docsField
}

type docsField struct {
	Name, Type, Doc string
	Required        bool
}

// page renders the description.
func (a *API) page() []byte {
	doc := a.huma.OpenAPI()
	groups := map[string]*docsGroup{}
	for path, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			g := groups[op.Tags[0]]
			if g == nil {
				g = &docsGroup{Name: op.Tags[0]}
				groups[g.Name] = g
			}
			g.Operations = append(g.Operations, docsOperation{Method: op.Method, Path: path, Operation: op, Takes: takes(op), Gives: gives(op)})
		}
	}
	var view struct {
		About  string
		Groups []*docsGroup
		Shapes []docsShape
	}
	view.About = doc.Info.Description
	for _, name := range []string{"server", "workflows", "runs", "tasks", "events", "triggers", "namespaces", "why"} {
		g := groups[name]
		slices.SortFunc(g.Operations, func(x, y docsOperation) int { return strings.Compare(x.Path+x.Method, y.Path+y.Method) })
		view.Groups = append(view.Groups, g)
	}
	for name, s := range doc.Components.Schemas.Map() {
		view.Shapes = append(view.Shapes, shape(name, s))
	}
	slices.SortFunc(view.Shapes, func(x, y docsShape) int { return strings.Compare(x.Name, y.Name) })
	var b bytes.Buffer
	if err := template.Must(template.New("docs").Funcs(template.FuncMap{"type": typeName}).Parse(docsText)).Execute(&b, view); err != nil {
		panic(err) // it is made of what this package registers
	}
	return b.Bytes()
}

func shape(name string, s *huma.Schema) docsShape {
	d := docsShape{Name: name}
	for field, f := range s.Properties {
		d.Fields = append(d.Fields, docsField{Name: field, Type: typeName(f), Doc: f.Description, Required: slices.Contains(s.Required, field)})
	}
	slices.SortFunc(d.Fields, func(x, y docsField) int { return strings.Compare(x.Name, y.Name) })
	return d
}

func takes(op *huma.Operation) string {
	if op.RequestBody == nil {
		return ""
	}
	return content(op.RequestBody.Content)
}

func gives(op *huma.Operation) string {
	for status, r := range op.Responses {
		if strings.HasPrefix(status, "2") {
			return content(r.Content)
		}
	}
	return ""
}

func content(c map[string]*huma.MediaType) string {
	for kind, m := range c {
		if kind == "application/json" {
			return typeName(m.Schema)
		}
		return kind
	}
	return ""
}

// typeName is a schema in a word.
func typeName(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return s.Ref[strings.LastIndex(s.Ref, "/")+1:]
	case s.Type == "array":
		return "list of " + typeName(s.Items)
	case s.Type == "":
		return "anything"
	case len(s.Enum) > 0:
		var words []string
		for _, e := range s.Enum {
			if w, ok := e.(string); ok {
				words = append(words, w)
			}
		}
		return strings.Join(words, " | ")
	case s.Format == "date-time":
		return "time"
	case s.Type == "integer":
		return "whole number"
	case s.Type == "object" && s.AdditionalProperties != nil && s.Properties == nil:
		if of, ok := s.AdditionalProperties.(*huma.Schema); ok {
			return "object of " + typeName(of)
		}
	}
	return s.Type
}

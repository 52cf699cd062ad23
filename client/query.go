package client

import (
	"net/url"
	"strconv"
	"time"
)

// query gathers parameters; what is empty is left out.
type query struct{ url.Values }

func newQuery() query { return query{url.Values{}} }

func (q query) text(name, value string) query {
	if value != "" {
		q.Set(name, value)
	}
	return q
}

func (q query) number(name string, value int64) query {
	if value != 0 {
		q.Set(name, strconv.FormatInt(value, 10))
	}
	return q
}

func (q query) flag(name string, value bool) query {
	if value {
		q.Set(name, "true")
	}
	return q
}

func (q query) time(name string, value time.Time) query {
	if !value.IsZero() {
		q.Set(name, value.UTC().Format(time.RFC3339Nano))
	}
	return q
}

// list gives a parameter several times: keys of events may hold commas.
func (q query) list(name string, values []string) query {
	for _, v := range values {
		q.Add(name, v)
	}
	return q
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

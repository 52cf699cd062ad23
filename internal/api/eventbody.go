package api

import (
	"errors"

	"github.com/freshet/freshet"
)

// maxEvents bounds the events of one request.
const maxEvents = 1000

// maxEventsBody bounds the request that carries them: it has room for one
// event of the largest size however JSON has to escape it.
const maxEventsBody = 8 << 20

// parseEvents reads a JSON array of events. It is read by hand, as thousands
// come each second, and as what is wrong is to be said of the one that it is
// wrong with.
func parseEvents(body []byte) ([]freshet.EventRequest, error) {
	var events []freshet.EventRequest
	if err := readJSON(body, &events); err != nil {
		return nil, badEvents(err)
	}
	switch {
	case len(events) == 0:
		return nil, badEvents(errors.New("there is no event in it"))
	case len(events) > maxEvents:
		return nil, tooManyEvents(len(events))
	}
	for i := range events {
		if events[i].RunID < 0 {
			return nil, badEvents(errors.New("run_id is the id of a run"))
		}
	}
	return events, nil
}

func tooManyEvents(n int) error {
	return freshet.Errorf(freshet.TooLarge, "a request carries at most %d events; this one has %d", maxEvents, n).
		WithHint("send them in several requests")
}

func badEvents(err error) error {
	if freshet.CodeOf(err) == freshet.Invalid {
		return err
	}
	return freshet.Errorf(freshet.Invalid, "the body is not a JSON array of events: %v", err).
		WithHint(`it looks like [{"key": "data_ready", "value": "{\"rows\": 3}"}]; a value is a string, which may hold JSON`)
}

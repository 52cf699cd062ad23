package api

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/freshet/freshet"
)

// cloudInput is one CloudEvent, or a batch of them.
type cloudInput struct {
	Traced
	Namespace string `path:"ns" doc:"namespace"`
	Run       int64  `query:"run" minimum:"0" doc:"the run that they carry; without it, the one of the calling task"`
	RawBody   []byte
	header    http.Header
}

// Resolve takes hold of the headers: in binary mode they are the attributes.
func (in *cloudInput) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	in.header = r.Header
	return nil
}

var _ huma.Resolver = (*cloudInput)(nil)

func (a *API) addCloudEvents() {
	add(a, http.MethodPost, "/namespaces/{ns}/cloudevents", "send-cloudevents", "Send CloudEvents 1.0", a.sendCloudEvents, tag("events"),
		describe("One event, structured (application/cloudevents+json) or binary (attributes as `ce-` headers, the body is the data), or a batch "+
			"(application/cloudevents-batch+json, at most 1,000). `type` is the event's key, `source` its sender, `id` its id, the data its value; all other attributes "+
			"stand in its context, as a JSON object. JSON data are kept as they stand. Data that are no UTF-8 text are kept as base64, "+
			"and the context says `\"datacontentencoding\": \"base64\"`. The answer to one event is its place in the journal; that to a batch has one entry for each, "+
			"as that of the operation send-events."), forTasks,
		rawBody(a, maxEventsBody))
}

func (a *API) sendCloudEvents(ctx context.Context, in *cloudInput) (*out[any], error) {
	events, batch, err := in.events()
	if err != nil {
		return nil, err
	}
	sign(ctx, events)
	in.carry(events)
	replies, err := a.deliver(ctx, in.Namespace, events)
	if err != nil {
		return nil, err
	}
	if batch {
		return &out[any]{replies}, nil
	}
	if replies[0].Error != nil {
		return nil, replies[0].Error
	}
	return &out[any]{replies[0].EventResult}, nil
}

// events are what a request carries, in whichever way.
func (in *cloudInput) events() (events []freshet.EventRequest, batch bool, err error) {
	request := func(c attributes, data []byte) (freshet.EventRequest, error) { return c.request(in.Run, data) }
	media, _, _ := mime.ParseMediaType(in.header.Get("Content-Type"))
	var e freshet.EventRequest
	switch {
	case media == "application/cloudevents-batch+json":
		events, err = in.batch(request)
		return events, true, err
	case media == "application/cloudevents+json":
		e, err = structured(in.RawBody, request)
	case strings.HasPrefix(media, "application/cloudevents"):
		return nil, false, freshet.Errorf(freshet.Invalid, "CloudEvents of type %s are not understood here", media).
			WithHint("send them as application/cloudevents+json, as application/cloudevents-batch+json, or in binary mode")
	default:
		var c attributes
		if c, err = binary(in.header); err == nil {
			e, err = request(c, in.RawBody)
		}
	}
	return []freshet.EventRequest{e}, false, err
}

func (in *cloudInput) batch(request func(attributes, []byte) (freshet.EventRequest, error)) ([]freshet.EventRequest, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(in.RawBody, &list); err != nil || len(list) == 0 {
		return nil, badCloudEvent("the batch is no JSON array with at least one event")
	}
	if len(list) > maxEvents {
		return nil, tooManyEvents(len(list))
	}
	events := make([]freshet.EventRequest, len(list))
	for i, raw := range list {
		var err error
		if events[i], err = structured(raw, request); err != nil {
			return nil, freshet.Errorf(freshet.Invalid, "event %d of the batch, counting from 0: %v", i, err).WithHint(cloudHint)
		}
	}
	return events, nil
}

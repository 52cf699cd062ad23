package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/tick"
)

type previewInput struct {
	Expression string    `query:"expression" required:"true" doc:"five cron fields, @daily and the like, or every 10m"`
	Timezone   string    `query:"timezone" default:"UTC" doc:"the zone whose clock it goes by"`
	From       time.Time `query:"from" doc:"times after this one; without it, from now on"`
	Count      int       `query:"count" minimum:"1" maximum:"1000" default:"10"`
}

func (a *API) addSchedule() {
	add(a, http.MethodGet, "/schedule/preview", "preview-schedule", "The next times of a schedule", func(_ context.Context, in *previewInput) (*out[[]freshet.Tick], error) {
		zone, err := tick.Zone(cmp.Or(in.Timezone, "UTC"))
		if err != nil {
			return nil, err
		}
		s, err := tick.Parse(in.Expression, zone)
		if err != nil {
			return nil, err
		}
		from := in.From
		if from.IsZero() {
			from = time.Now()
		}
		var ticks []freshet.Tick
		for t := s.Next(from, from); !t.IsZero() && len(ticks) < in.Count; t = s.Next(t, from) {
			ticks = append(ticks, freshet.Tick{Time: t, Local: t.In(zone).Format(time.RFC3339)})
		}
		return list(ticks), nil
	}, tag("triggers"), describe("An interval is counted from `from`. Nothing is kept."))
}

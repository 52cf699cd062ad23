package cli

import (
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/tick"
)

func (a *app) scheduleCommand() *cobra.Command {
	v := a.schedules()
	return a.group(&cobra.Command{
		Use:   "schedule",
		Short: "Start runs at times; look ahead at them",
		Long: `Start runs at times. EXPRESSION is five cron fields (minute, hour, day of month,
month, day of week), @hourly, @daily and the like, or "every 10m". Schedules are
triggers: "freshet trigger list" shows them with the others.`,
		Example: `freshet schedule preview '0 6 * * mon-fri' --timezone Europe/Paris
freshet schedule add etl '0 6 * * *' --timezone Europe/Paris
freshet schedule list`,
	}, append([]*cobra.Command{a.scheduleAddCommand(), a.schedulePreviewCommand()}, v.commands()...)...)
}

func (a *app) scheduleAddCommand() *cobra.Command {
	var request freshet.TriggerRequest
	var params parameters
	c := &cobra.Command{
		Use:   "add WORKFLOW EXPRESSION…",
		Short: "Start runs of a workflow at times",
		Long: `Start runs of a workflow at times. EXPRESSION is five cron fields in quotes,
@daily and the like, or "every 10m". Without --timezone it goes by the workflow's
own. Times missed while the server is down are made up for as --catchup says.`,
		Example: `freshet schedule add etl '0 6 * * *' --timezone Europe/Paris
freshet schedule add etl every 10m
freshet schedule add etl @daily --catchup 7d -p 'day=${{ date(run.scheduled_at) }}'`,
		ValidArgsFunction: a.completes(a.workflowNames),
		RunE: func(c *cobra.Command, args []string) error {
			request := request
			request.Schedule = strings.Join(args[1:], " ")
			zone := time.UTC // the server knows the workflow's own
			if c.Flags().Changed("timezone") {
				var err error
				if zone, err = tick.Zone(request.Timezone); err != nil {
					return err
				}
			}
			if _, err := parseSchedule(args[1:], zone); err != nil {
				return err
			}
			return a.schedules().add(c, args[0], request, &params)
		},
	}
	f := c.Flags()
	f.StringVar(&request.Timezone, "timezone", "", "ZONE: whose clock it goes by, such as Europe/Paris")
	f.StringVar(&request.Catchup, "catchup", "", "CATCHUP: none, latest, all, or a duration such as 7d")
	f.StringVar(&request.Name, "name", "", "NAME: what it is called")
	params.flags(c)
	completesZones(c)
	cobra.CheckErr(c.RegisterFlagCompletionFunc("catchup", cobra.FixedCompletions(cobraTexts([]string{"none", "latest", "all", "7d"}), cobra.ShellCompDirectiveNoFileComp)))
	return takesExpression(c)
}

// takesExpression is takes for a command whose words are an expression: one of
// them that begins with a dash is no flag.
func takesExpression(c *cobra.Command) *cobra.Command {
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		var unknown *pflag.NotExistError
		if errors.As(err, &unknown) && strings.ContainsAny(unknown.GetSpecifiedName(), "0123456789") {
			return invalid("-%s is no part of a schedule: nothing in it is negative", unknown.GetSpecifiedShortnames()).
				WithHint("write a duration, such as every 10m, or five cron fields in quotes")
		}
		return flagError(c, err)
	})
	return takes(c)
}

// parseSchedule reads an expression.
func parseSchedule(words []string, zone *time.Location) (*tick.Schedule, error) {
	s, err := tick.Parse(strings.Join(words, " "), zone)
	if err != nil && len(words) > 5 {
		return nil, invalid("%s is no schedule", quote(shorten(strings.Join(words, " "), 40))).
			WithHint("put the five fields in quotes, so that the shell leaves * alone: '0 6 * * *'")
	}
	return s, err
}

func (a *app) schedulePreviewCommand() *cobra.Command {
	var timezone, from string
	var count int
	c := &cobra.Command{
		Use:   "preview EXPRESSION…",
		Short: "Show the next times of a schedule, without a server",
		Long: `Show the next times of a schedule, without a server: in its zone, in UTC, and how
far off. "every" counts from --from.`,
		Example: `freshet schedule preview '0 6 * * mon-fri' --timezone Europe/Paris
freshet schedule preview '30 2 * * *' --timezone Europe/Paris --from 2026-03-27
freshet schedule preview every 90m --count 3 -o json`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			zone, err := tick.Zone(timezone)
			if err != nil {
				return err
			}
			s, err := parseSchedule(args, zone)
			if err != nil {
				return err
			}
			now := a.clock(a.out)
			after := now.now.Truncate(time.Second)
			if c.Flags().Changed("from") {
				now.zone = zone
				if after, err = now.ahead(from); err != nil {
					return err
				}
			}
			return list(a, preview(s, zone, after, count), previewColumns)
		},
	}
	f := c.Flags()
	f.StringVar(&timezone, "timezone", "UTC", "ZONE: whose clock it goes by, such as Europe/Paris")
	f.StringVar(&from, "from", "", "TIME: times after this one, such as 2026-03-27 in that zone; by default now")
	completesZones(c)
	count = 10
	f.Var(&whole[int]{to: &count, least: 1, most: 1000, wrong: func(string) string { return "--count is a whole number from 1 to 1000" }}, "count", "N: so many times, by default 10")
	return takesExpression(c)
}

// due is a time of a schedule.
type due struct {
	freshet.Tick
	at    time.Time // in its zone
	shift bool      // clocks have changed since the one before
}

// preview are the next times of a schedule; fewer where there are no more.
func preview(s *tick.Schedule, zone *time.Location, after time.Time, count int) []due {
	var list []due
	_, offset := after.In(zone).Zone()
	for t := s.Next(after, after); !t.IsZero() && len(list) < count; t = s.Next(t, after) {
		at := t.In(zone)
		d := due{Tick: freshet.Tick{Time: t.UTC(), Local: at.Format(time.RFC3339)}, at: at}
		_, now := at.Zone()
		d.shift, offset = now != offset, now
		list = append(list, d)
	}
	return list
}

var previewColumns = []column[due]{
	{head: "TIME", cell: func(_ clock, d due) string { return d.at.Format("Mon 2006-01-02 15:04:05 -07:00") },
		exact: func(d due) string { return d.Local },
		paint: func(d due) colour {
			if d.shift {
				return yellow
			}
			return noColour
		}},
	{head: "UTC", cell: func(_ clock, d due) string { return d.Time.Format(time.RFC3339) }},
	{head: "FROM NOW", only: tableFormat, cell: func(c clock, d due) string { return c.until(d.Time) }, right: true},
	{head: "NOTE", only: tableFormat, cell: func(_ clock, d due) string {
		if d.shift {
			return "clocks have changed to " + d.at.Format("-07:00")
		}
		return ""
	}},
}

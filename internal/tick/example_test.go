package tick_test

import (
	"fmt"
	"time"

	"github.com/freshet/freshet/internal/tick"
)

// A fixed hour fires once a day: on the day without it at the jump.
func ExampleSchedule_Next() {
	paris, _ := tick.Zone("Europe/Paris")
	daily, _ := tick.Cron("30 2 * * *", paris)
	t := time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)
	for range 3 {
		t = daily.Next(t, time.Time{})
		fmt.Println(t.In(paris).Format("Mon 15:04 MST"))
	}
	// Output:
	// Sat 02:30 CET
	// Sun 03:00 CEST
	// Mon 02:30 CEST
}

func ExampleEvery() {
	s, _ := tick.Every(90 * time.Minute)
	anchor := time.Date(2026, 1, 1, 0, 10, 0, 0, time.UTC)
	now := time.Date(2026, 1, 1, 6, 0, 0, 0, time.UTC)
	fmt.Println(s, s.Last(now, anchor).Format("15:04"), s.Next(now, anchor).Format("15:04"))
	// Output: every 90m 04:40 06:10
}

func ExampleParse() {
	for _, text := range []string{"0 6 * * MON-FRI", "@daily", "every 1h", "0 0 30 2 *", "0 25 * * *"} {
		s, err := tick.Parse(text, time.UTC)
		fmt.Println(s, err)
	}
	// Output:
	// 0 6 * * mon-fri <nil>
	// @daily <nil>
	// every 1h <nil>
	// <nil> `0 0 30 2 *` is never due: none of its months has such a day
	// <nil> hour: `25` is not in 0-23
}

// In Cairo the clock goes from 23:59 to 01:00 on this day.
func ExampleMidnight() {
	cairo, _ := tick.Zone("Africa/Cairo")
	noon := time.Date(2026, 4, 24, 10, 0, 0, 0, time.UTC)
	fmt.Println(tick.Midnight(noon, cairo).In(cairo))
	// Output: 2026-04-24 01:00:00 +0300 EEST
}

package notebook

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestSaver(t *testing.T) {
	for _, c := range []struct {
		name    string
		takes   time.Duration // a save
		changes time.Duration // between two of them, for a minute
		saves   int32
	}{
		{"many changes", 0, time.Millisecond, 30},
		{"few changes", 0, 20 * time.Second, 3},
		{"slow saves are rarer", 3 * time.Second, time.Millisecond, 5}, // every 12 s
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var saves atomic.Int32
				s := newSaver(func() error { time.Sleep(c.takes); saves.Add(1); return nil })
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { s.run(ctx); close(done) }()
				for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(c.changes) {
					s.changed()
				}
				time.Sleep(time.Hour) // nothing changes: nothing more is saved
				cancel()
				<-done
				if n := saves.Load(); n < c.saves || n > c.saves+1 {
					t.Errorf("%d saves within a minute, want %d", n, c.saves)
				}
			})
		})
	}
}

// What has changed is on disk within two seconds, however it changes.
func TestSaverIsNeverBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var value, saved atomic.Int64
		s := newSaver(func() error { saved.Store(value.Load()); return nil })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.run(ctx)
		for i, pause := range []time.Duration{0, time.Millisecond, time.Second, 1900 * time.Millisecond, 2 * time.Second, time.Hour, 0} {
			time.Sleep(pause)
			value.Store(int64(i + 1))
			s.changed()
			now := int64(i + 1)
			go func() {
				time.Sleep(saveEvery + time.Nanosecond)
				if saved.Load() < now {
					t.Errorf("two seconds after change %d the file has %d", now, saved.Load())
				}
			}()
		}
		time.Sleep(time.Minute)
	})
}

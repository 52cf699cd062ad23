package keeper_test
import ("testing";"time";"os/exec";"github.com/freshet/freshet")
func BenchmarkSteps(b *testing.B) {
		r := newRig(b)
		run := int64(0)
		var a [5]time.Duration
		for b.Loop() {
			t := time.Now()
			exec.Command("true").Run()
			a[4] += time.Since(t); t = time.Now()
			run++
			r.start(key(run), "true")
			a[0] += time.Since(t); t = time.Now()
			r.started(key(run))
			a[1] += time.Since(t); t = time.Now()
			r.ended(key(run))
			a[2] += time.Since(t); t = time.Now()
			_ = r.c.Release(b.Context(), []freshet.Key{key(run)})
			a[3] += time.Since(t)
		}
		for i, n := range []string{"start","started","ended","release","bare"} { b.ReportMetric(float64(a[i].Microseconds())/float64(b.N), n+"-us") }
}

package keeper_test
import ("testing";"os/exec";"os";"fmt";"strings";"strconv";"syscall";"github.com/freshet/freshet")
func cpu(pid int) float64 {
	b,_ := os.ReadFile(fmt.Sprintf("/proc/%d/stat",pid)); f := strings.Fields(string(b)); n := 0.0
	for _,i := range []int{13,14,15,16} { x,_ := strconv.Atoi(f[i]); n += float64(x)*1e7 }
	return n
}
func BenchmarkTmp(b *testing.B) {
	_ = syscall.Getpid
	for range 2 {
	b.Run("bare", func(b *testing.B) {
		c := cpu(os.Getpid())
		for b.Loop() {
			if err := exec.Command("true").Run(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric((cpu(os.Getpid())-c)/float64(b.N), "cpu-ns")
	})
	b.Run("keeper", func(b *testing.B) {
		r := newRig(b)
		run := int64(0)
		c := cpu(os.Getpid())+cpu(r.pid)
		for b.Loop() {
			run++
			r.start(key(run), "true")
			r.ended(key(run))
			_ = r.c.Release(b.Context(), []freshet.Key{key(run)})
		}
		b.ReportMetric((cpu(os.Getpid())+cpu(r.pid)-c)/float64(b.N), "cpu-ns")
	})
	}
}

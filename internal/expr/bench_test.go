package expr

import "testing"

func BenchmarkBool(b *testing.B) {
	p := mustCompile(b, `event.data.x > 10`, EventRoot)
	v := vars()
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := p.Bool(v); err != nil || !ok {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	mustCompile(b, `true`, everything)
	b.ReportAllocs()
	for b.Loop() {
		mustCompile(b, `event.data.x > 10`, everything)
	}
}

// BenchmarkEnvironment is what the first expression of a process costs.
func BenchmarkEnvironment(b *testing.B) {
	for b.Loop() {
		if _, err := newEnvironment(); err != nil {
			b.Fatal(err)
		}
	}
}

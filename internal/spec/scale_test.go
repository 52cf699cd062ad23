package spec

import (
	"fmt"
	"strings"
	"testing"
)

// layered is a workflow of many tasks, each after two of the layer before.
func layered(tasks, width int) []byte {
	var b strings.Builder
	b.WriteString("name: layered\ntasks:\n")
	for i := range tasks {
		if i < width {
			fmt.Fprintf(&b, "  t%d: {bash: \"true\"}\n", i)
			continue
		}
		below := i - i%width - width
		fmt.Fprintf(&b, "  t%d: {after: [t%d, t%d], bash: \"true\"}\n", i, below+i%width, below+(i+1)%width)
	}
	return []byte(b.String())
}

func BenchmarkParse10000(b *testing.B) {
	source := layered(10_000, 100)
	b.SetBytes(int64(len(source)))
	for b.Loop() {
		if _, ds := Parse("layered.yaml", source); len(ds) > 0 {
			b.Fatal(ds)
		}
	}
}

// Every task looks at one three layers up, which takes a walk to find.
func BenchmarkParseReferences(b *testing.B) {
	source := string(layered(3_000, 100))
	for i := 300; i < 3000; i++ {
		source = strings.Replace(source, fmt.Sprintf("  t%d: {", i), fmt.Sprintf("  t%d: {env: {A: \"${{ tasks.t%d.outputs.x }}\"}, ", i, i-300), 1)
	}
	for b.Loop() {
		if _, ds := Parse("references.yaml", []byte(source)); len(ds) > 0 {
			b.Fatal(ds)
		}
	}
}

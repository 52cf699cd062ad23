package nbformat_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/freshet/freshet/internal/nbformat"
)

func large() *nbformat.Notebook {
	nb := &nbformat.Notebook{Metadata: map[string]any{}, Format: nbformat.Format, Minor: nbformat.Minor}
	for range 50 {
		c := nb.NewCell(nbformat.Code, "x = 1\n")
		text := strings.Repeat(strings.Repeat("z", 89)+"\n", 1000)
		c.Outputs = []*nbformat.Output{{Type: nbformat.Stream, Name: "stdout", Text: text}}
		nb.Cells = append(nb.Cells, c)
	}
	return nb
}

// An encoder writes what Append writes, whatever happened in between.
func TestEncoder(t *testing.T) {
	nb := large()
	e := nbformat.NewEncoder(nb)
	same := func(what string) {
		t.Helper()
		var w bytes.Buffer
		n, err := e.WriteTo(&w)
		if err != nil || n != int64(w.Len()) || !bytes.Equal(w.Bytes(), nb.Append(nil)) || !bytes.Equal(w.Bytes(), e.Append(nil)) {
			t.Errorf("%s: %d bytes, %v", what, n, err)
		}
	}
	same("first")
	nb.Cells[3].Source = "y = 2"
	e.Touch(nb.Cells[3])
	same("a cell changed")
	nb.Metadata["x"] = "y"
	same("the notebook's metadata changed")
	nb.Cells = append([]*nbformat.Cell{nb.NewCell(nbformat.Markdown, "# new")}, nb.Cells...)
	same("a cell was added")
	nb.Cells = nb.Cells[2:4]
	same("cells were removed")
	for _, c := range nb.Cells {
		c.AddTag("all")
	}
	e.TouchAll()
	same("all changed")
	nb.Cells = nil
	same("no cells")
}

// A save with one changed cell allocates for that cell and little else.
func TestSavingIsCheap(t *testing.T) {
	nb := large()
	e := nbformat.NewEncoder(nb)
	whole := e.Append(nil)
	if len(whole) < 4_500_000 {
		t.Fatalf("%d bytes are not large", len(whole))
	}
	all := testing.AllocsPerRun(5, func() { e.TouchAll(); e.Append(whole[:0]) })
	one := testing.AllocsPerRun(5, func() { e.Touch(nb.Cells[7]); e.Append(whole[:0]) })
	none := testing.AllocsPerRun(5, func() { e.Append(whole[:0]) })
	if one-none > (all-none)/40 {
		t.Errorf("allocations: %v for all cells, %v for one, %v for none", all, one, none)
	}
}

func BenchmarkEncoder(b *testing.B) {
	nb := large()
	e := nbformat.NewEncoder(nb)
	dst := e.Append(nil)
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			e.TouchAll()
			dst = e.Append(dst[:0])
		}
	})
	b.Run("one", func(b *testing.B) {
		for b.Loop() {
			e.Touch(nb.Cells[0])
			dst = e.Append(dst[:0])
		}
	})
}

func BenchmarkRead(b *testing.B) {
	file := large().Append(nil)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if _, err := nbformat.Read(file); err != nil {
			b.Fatal(err)
		}
	}
}

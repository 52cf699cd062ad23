package nbformat

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// NewCell makes a cell that is not in nb yet, with an id that no cell of nb
// has. The id follows from the source, so that making a notebook twice gives
// the same file.
func (nb *Notebook) NewCell(t CellType, source string) *Cell {
	taken := map[string]bool{}
	for _, c := range nb.Cells {
		taken[c.ID] = true
	}
	return &Cell{Type: t, ID: freeID(taken, t, source), Source: source, Metadata: map[string]any{}}
}

// freeID is an id that is not taken, and takes it.
func freeID(taken map[string]bool, t CellType, source string) string {
	for n := 0; ; n++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%s", n, t, source))
		if id := hex.EncodeToString(sum[:4]); !taken[id] {
			taken[id] = true
			return id
		}
	}
}

// isID says whether the format allows s as a cell's id.
func isID(s string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	return s != "" && len(s) <= 64 && strings.Trim(s, allowed) == ""
}

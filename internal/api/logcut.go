package api

import (
	"io"
	"regexp"
	"strconv"
)

// removedLine is what the keeper leaves where it has removed the middle of a
// log; see keeper.DefaultLogLimit.
var removedLine = regexp.MustCompile(`\n\[freshet: (\d+) bytes removed from the middle of this log\]\n`)

// removedLineMax bounds the length of such a line.
const removedLineMax = 128

// resume finds where to go on in a log that is shorter than what was read of
// it, because its middle has been removed since. After the first removal that
// is exactly the byte that would have come next; after further ones some of
// what stands behind the line may come again, but nothing of it is missed.
func resume(f io.ReaderAt, size, offset int64) (int64, error) {
	const chunk = 1 << 20
	buf := make([]byte, chunk+removedLineMax)
	for end := size; end > 0; end -= chunk {
		at := max(0, end-chunk)
		n, err := f.ReadAt(buf[:min(size-at, end-at+removedLineMax)], at)
		if err != nil && err != io.EOF {
			return 0, err
		}
		all := removedLine.FindAllSubmatchIndex(buf[:n], -1)
		if len(all) == 0 {
			continue
		}
		m := all[len(all)-1]
		removed, err := strconv.ParseInt(string(buf[m[2]:m[3]]), 10, 64)
		if err != nil {
			continue // no line of the keeper's
		}
		line, length := at+int64(m[0]), int64(m[1]-m[0])
		next := offset - removed + length
		if next < line+length {
			next = line // what was removed had not been read
		}
		return min(next, size), nil
	}
	return size, nil
}

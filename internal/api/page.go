package api

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/freshet/freshet"
)

// A cursor is a place in a list: what is listed, and the id or offset beside
// which the page lies. It is opaque, so that it may come to say more.

func cursor(list string, id int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte(list + ":" + strconv.FormatInt(id, 10)))
}

// parseCursor reads a cursor of one of the lists back, and says of which.
func parseCursor(cursor string, lists ...string) (list string, id int64, err error) {
	raw, bad := base64.RawURLEncoding.DecodeString(cursor)
	if bad == nil {
		for _, list := range lists {
			text, found := strings.CutPrefix(string(raw), list+":")
			if id, err := strconv.ParseInt(text, 10, 64); found && err == nil && id >= 0 {
				return list, id, nil
			}
		}
	}
	return "", 0, freshet.Errorf(freshet.Invalid, "%q is no cursor of this list", cursor).WithHint("take it from a page of the same list")
}

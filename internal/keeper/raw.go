package keeper

import "unicode/utf8"

// raw is what of a Start is not UTF-8, by its place there: JSON says text, and
// what is none would arrive as something else. It travels beside the start, so
// that a keeper that does not know it starts what JSON makes of it.
type raw struct {
	Args map[int][]byte `json:"args,omitempty"`
	Env  map[int][]byte `json:"env,omitempty"`
	Dir  []byte         `json:"dir,omitempty"`
}

// rawOf is nil where all of the start is text.
func rawOf(s *Start) *raw {
	r := raw{Args: rawIn(s.Args), Env: rawIn(s.Env)}
	if !utf8.ValidString(s.Dir) {
		r.Dir = []byte(s.Dir)
	}
	if r.Args == nil && r.Env == nil && r.Dir == nil {
		return nil
	}
	return &r
}

func rawIn(list []string) map[int][]byte {
	var bytes map[int][]byte
	for i, v := range list {
		if !utf8.ValidString(v) {
			if bytes == nil {
				bytes = map[int][]byte{}
			}
			bytes[i] = []byte(v)
		}
	}
	return bytes
}

// restore makes the start what it was.
func (r *raw) restore(s *Start) {
	if r == nil {
		return
	}
	restoreIn(s.Args, r.Args)
	restoreIn(s.Env, r.Env)
	if r.Dir != nil {
		s.Dir = string(r.Dir)
	}
}

func restoreIn(list []string, bytes map[int][]byte) {
	for i, b := range bytes {
		if i >= 0 && i < len(list) {
			list[i] = string(b)
		}
	}
}

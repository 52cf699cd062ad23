package client

import (
	"bufio"
	"bytes"
	"io"
)

// stream reads Server-Sent Events.
type stream struct {
	in   *bufio.Reader
	id   string
	last string // the newest id of those that have come as a whole, with data or without
}

// sent is one of them.
type sent struct {
	id, event string
	data      []byte
}

func newStream(r io.Reader) *stream { return &stream{in: bufio.NewReaderSize(r, 64<<10)} }

// next gives the next event that has data.
func (s *stream) next() (sent, error) {
	m := sent{}
	for {
		line, err := s.in.ReadBytes('\n')
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return sent{}, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			s.last = s.id
			if m.data != nil {
				m.id = s.id
				return m, nil
			}
			m = sent{}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "id":
			s.id = string(value)
		case "event":
			m.event = string(value)
		case "data":
			if m.data != nil {
				m.data = append(m.data, '\n')
			}
			m.data = append(m.data, value...)
		}
	}
}

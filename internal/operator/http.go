package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxAnswer bounds the body of an answer, in bytes, when it is unpacked.
	MaxAnswer = 10 << 20

	maxHeaders   = 64 << 10 // of an answer, in bytes
	maxRedirects = 10
	excerptBytes = 1 << 10 // of the body of an answer that is a failure
)

// HTTP makes one request and returns the exit code: 0 for an answer with an
// expected status; spec.TemporaryExit where no whole answer came, or one that
// says that a later request may succeed (5xx, 408, 425, 429); 1 for any other
// failure; 130 where ctx ended.
func HTTP(ctx context.Context, p Process) int {
	err := ask(ctx, p)
	switch {
	case err == nil:
		return done
	case ctx.Err() != nil:
		fmt.Fprintln(p.Log, "interrupted")
		return interrupted
	}
	fmt.Fprintf(p.Log, "error: %s\n", err)
	var f *fault
	if errors.As(err, &f) && f.hint != "" {
		fmt.Fprintf(p.Log, "hint: %s\n", f.hint)
	}
	p.tellReason(err)
	return exitCode(err)
}

func ask(ctx context.Context, p Process) error {
	r, err := readRequest(p)
	if err != nil {
		return err
	}
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if r.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.Timeout)
		defer cancel()
	}
	req, err := r.build(ctx, p.Version)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Log, "%s %s\n", req.Method, r.shown())
	began := time.Now()
	res, err := newClient(r, p.Log).Do(req)
	if err != nil {
		return unanswered(err, r.Timeout)
	}
	defer res.Body.Close()
	took := time.Since(began).Round(time.Millisecond)
	if !r.expects(res.StatusCode) {
		fmt.Fprintf(p.Log, "%s after %s\n", res.Status, took)
		showBeginning(p.Log, res.Body)
		return unexpected(r, res)
	}
	body, err := readBody(req, res, r.Timeout)
	if err != nil {
		fmt.Fprintf(p.Log, "%s after %s\n", res.Status, took)
		return err
	}
	fmt.Fprintf(p.Log, "%s after %s, %s\n", res.Status, took, count(len(body)))
	return p.write(res, body)
}

func unexpected(r *request, res *http.Response) error {
	code := res.StatusCode
	return &fault{
		message: fmt.Sprintf("the answer is %s, expected was %s", res.Status, strings.Join(r.Expect, " or ")),
		temporary: code >= 500 || code == http.StatusRequestTimeout || code == http.StatusTooEarly ||
			code == http.StatusTooManyRequests,
	}
}

// readBody reads the whole body of an answer.
func readBody(req *http.Request, res *http.Response, timeout time.Duration) ([]byte, error) {
	tooLarge := &fault{
		message: fmt.Sprintf("the body of the answer has more than %d MiB", MaxAnswer>>20),
		hint:    "fetch it with a `bash` task, for example by curl, into a file",
	}
	if req.Method != http.MethodHead && res.ContentLength > MaxAnswer {
		return nil, tooLarge
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, MaxAnswer+1))
	switch {
	case len(body) > MaxAnswer:
		return nil, tooLarge
	case errors.Is(err, context.DeadlineExceeded):
		return nil, &fault{message: fmt.Sprintf("the answer was not complete within %s, %s had come", timeout, count(len(body))), temporary: true}
	case err != nil:
		return nil, &fault{message: fmt.Sprintf("the answer broke off after %s: %v", count(len(body)), err), temporary: true}
	}
	return body, nil
}

// showBeginning prints the beginning of a body that nobody expected, as far as
// it is text.
func showBeginning(log io.Writer, body io.Reader) {
	begin, _ := io.ReadAll(io.LimitReader(body, excerptBytes+1))
	more := len(begin) > excerptBytes
	if more {
		begin = begin[:excerptBytes]
		for i := 0; i < utf8.UTFMax && !utf8.Valid(begin); i++ { // a character that was cut
			begin = begin[:len(begin)-1]
		}
	}
	text := strings.TrimSpace(string(begin))
	switch {
	case text == "":
		return
	case !isText(begin):
		fmt.Fprintln(log, "its body is no text")
		return
	case more:
		text += "…"
	}
	text = strings.Map(func(c rune) rune { // a terminal may read this
		if unicode.IsControl(c) && c != '\n' && c != '\t' {
			return -1
		}
		return c
	}, text)
	fmt.Fprintf(log, "its body:\n%s\n", text)
}

func isText(b []byte) bool { return utf8.Valid(b) && !strings.Contains(string(b), "\x00") }

func count(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

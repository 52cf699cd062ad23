package freshet

import (
	"errors"
	"fmt"
)

// ErrorCode classifies an error for programs.
type ErrorCode string

// The error codes. HTTP status and exit code of each stand in one table,
// below.
const (
	Invalid     ErrorCode = "invalid"      // the input is wrong
	Unauthed    ErrorCode = "unauthorized" // no token, or a wrong one
	Forbidden   ErrorCode = "forbidden"    // the token may not do this
	NotFound    ErrorCode = "not_found"    //
	Conflict    ErrorCode = "conflict"     // refused in the present state
	TooLarge    ErrorCode = "too_large"    //
	Unavailable ErrorCode = "unavailable"  // not now; nothing was changed; try again
	Unreachable ErrorCode = "unreachable"  // no server answered
	Internal    ErrorCode = "internal"     // a fault of Freshet
)

var errorTable = map[ErrorCode]struct{ http, exit int }{
	Invalid:     {422, 2},
	Unauthed:    {401, 5},
	Forbidden:   {403, 5},
	NotFound:    {404, 3},
	Conflict:    {409, 5},
	TooLarge:    {413, 2},
	Unavailable: {503, 4},
	Unreachable: {502, 4},
	Internal:    {500, 1},
}

// HTTPStatus is the status that carries the code over HTTP.
func (c ErrorCode) HTTPStatus() int { return errorTable[c].http }

// ExitCode is what a command ends with: 1 the work failed, 2 invalid input,
// 3 not found, 4 the server cannot be reached, 5 refused.
func (c ErrorCode) ExitCode() int { return errorTable[c].exit }

// Error is an error that a person reads: what is wrong and what to do.
type Error struct {
	Code    ErrorCode `json:"code"`
	Message string    `json:"message"`        // one line, lower case
	Hint    string    `json:"hint,omitempty"` // what to do about it

	// Diagnostics are set where workflow files are what is wrong.
	Diagnostics []Diagnostic `json:"diagnostics,omitempty"`
}

func (e *Error) Error() string { return e.Message }

// Errorf makes an Error without a hint.
func Errorf(code ErrorCode, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// WithHint returns a copy of e that says what to do.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// CodeOf is the code of the first Error in err's chain, Internal where there
// is none, and empty for nil.
func CodeOf(err error) ErrorCode {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}

package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// yesFlag is the flag of commands that delete something.
func yesFlag(c *cobra.Command, yes *bool) {
	c.Flags().BoolVarP(yes, "yes", "y", false, "do not ask")
}

// confirm asks before something is deleted. Where there is no terminal to ask
// on it wants -y.
func (a *app) confirm(ctx context.Context, yes bool, what string, args ...any) error {
	switch {
	case yes:
		return nil
	case !a.StdinTerminal || !a.err.terminal:
		return invalid("deleting asks first, and there is no terminal to ask on").WithHint("-y deletes without asking")
	}
	fmt.Fprintf(a.err, "Delete "+what+"? [y/N] ", args...)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.Stdin).ReadString('\n') // an end without an answer is a no
		answer <- line
	}()
	select {
	case <-ctx.Done():
		a.err.line("")
		return context.Cause(ctx)
	case line := <-answer:
		if line = strings.ToLower(strings.TrimSpace(line)); line == "y" || line == "yes" {
			return nil
		}
		a.err.line("nothing was deleted")
		return exitFailed
	}
}

package keeper

import (
	"context"
	"errors"
)

// Take asks for a process that was started before; nil where none waits, or
// where the keeper is of a version that keeps none.
// In any case one is kept for the next who asks, as the limits allow. What is
// taken is killed when this client's connection ends; gone, which may be nil,
// is told how it ended. It may have ended by the time that it is taken.
func (c *Client) Take(ctx context.Context, w Warm, gone func(Gone)) (*Warmed, error) {
	c.mu.Lock()
	c.gone = gone
	c.mu.Unlock()
	m, err := c.do(ctx, request{Op: opTake, Warm: &w})
	if m.Error != "" { // unknown there, or it is leaving
		return nil, nil
	}
	return m.Warmed, err
}

// LetGo says that a process that was taken has been asked to end itself: it
// may take a moment for that, and outlive this client by it.
func (c *Client) LetGo(ctx context.Context, pid int) error {
	_, err := c.do(ctx, request{Op: opLetGo, PID: pid})
	return err
}

// Cool ends what waits, for instance because nothing is to be kept any more.
func (c *Client) Cool(ctx context.Context) error {
	m, err := c.do(ctx, request{Op: opTake, Warm: &Warm{}})
	if m.Error != "" || errors.Is(err, ErrBroken) {
		return nil // it keeps none
	}
	return err
}

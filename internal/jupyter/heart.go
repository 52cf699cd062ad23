package jupyter

import (
	"context"
	"time"

	"github.com/freshet/freshet/internal/jupyter/zmtp"
)

// Heard is when the kernel's heart was last heard, the zero time if never. A
// silent heart says that the kernel is stopped, starved or gone, or that it
// has no heart; it does not say which.
func (c *Client) Heard() time.Time {
	n := c.beaten.Load()
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}

// beat sends a heartbeat now and then and notes what comes back.
func (c *Client) beat(ctx context.Context) {
	began := time.Now()
	every := time.NewTicker(c.options.Beat)
	defer every.Stop()
	var conn *zmtp.Conn
	defer func() {
		if conn != nil {
			conn.Close()
		}
	}()
	for {
		if conn = c.beatOnce(ctx, conn); ctx.Err() != nil {
			return
		}
		silent := time.Since(began)
		if heard := c.Heard(); !heard.IsZero() {
			silent = time.Since(heard)
		}
		if c.options.Lost > 0 && silent >= c.options.Lost {
			c.ended(&Failure{Kind: HeartbeatLost, Kernel: c.name, After: silent.Round(time.Millisecond)})
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}

// beatOnce sends one beat over conn, or over a new connection where conn is
// nil, and waits for its return until the next one is due. It gives the
// connection back if it is good.
func (c *Client) beatOnce(ctx context.Context, conn *zmtp.Conn) *zmtp.Conn {
	ctx, cancel := context.WithTimeout(ctx, c.options.Beat)
	defer cancel()
	if conn == nil {
		network, address := c.where.Address(Heartbeat)
		var err error
		if conn, err = zmtp.Dial(ctx, network, address, zmtp.Identity{Type: zmtp.Req}); err != nil {
			return nil
		}
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	err := conn.Write(ctx, nil, []byte("ping"))
	if err == nil {
		_, err = conn.Read()
	}
	if err != nil {
		conn.Close()
		return nil
	}
	c.beaten.Store(time.Now().UnixNano())
	return conn
}

package notebook

import (
	"cmp"
	"context"
	"path/filepath"
	"time"

	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/nbformat"
)

// kernel is a kernel in use: one of our own, or a warm one.
type kernel struct {
	*jupyter.Client
	end func(ctx context.Context)
}

// start finds, starts and greets the kernel.
func (x *execution) start(ctx context.Context) *Failure {
	limit, cancel := context.WithTimeoutCause(ctx, x.StartTimeout, &jupyter.Failure{
		Kind: jupyter.NotReady, Kernel: cmp.Or(x.Interpreter, x.Kernel), After: x.StartTimeout})
	defer cancel()
	info, err := x.greet(limit)
	if err != nil {
		return x.broken(ctx, x.why(limit, err), KernelStart)
	}
	x.result.Started = time.Since(x.begun)
	var language struct {
		Info map[string]any `json:"language_info"`
	}
	if decode(info.Reply.Content, &language) == nil && language.Info != nil {
		x.document.change(func(nb *nbformat.Notebook) { nb.Metadata["language_info"] = language.Info })
	}
	return nil
}

// greet has a kernel, and waits until it answers.
func (x *execution) greet(ctx context.Context) (*jupyter.Info, error) {
	spec, err := x.spec()
	if err != nil {
		return nil, err
	}
	var info *jupyter.Info
	if x.kernel, info = x.warm(ctx, spec); x.kernel != nil {
		return info, nil
	}
	if x.kernel, err = x.cold(ctx, spec); err != nil {
		return nil, err
	}
	return x.kernel.Ready(ctx)
}

// why says more about a kernel that did not start, where its interpreter does.
func (x *execution) why(ctx context.Context, err error) error {
	if x.Interpreter == "" || jupyter.KindOf(err) != jupyter.StartFailed || ctx.Err() != nil {
		return err
	}
	if wrong := jupyter.CheckInterpreter(ctx, x.Interpreter); wrong != nil {
		return wrong
	}
	return err
}

// spec is the kernelspec of the notebook.
func (x *execution) spec() (*jupyter.Spec, error) {
	if x.Interpreter != "" {
		return jupyter.Interpreter(x.Interpreter), nil
	}
	if x.Kernel == "" {
		return nil, &jupyter.Failure{Kind: jupyter.UnknownKernel, Kernel: "without a name", Hint: "the notebook names no kernel: name one, as by --kernel python3"}
	}
	return x.Search.Find(x.Kernel)
}

// client says how the kernel is spoken to, warm or cold.
func (x *execution) client() jupyter.ClientOptions {
	return jupyter.ClientOptions{Other: func(m *jupyter.Message) { x.hear(m, true) }}
}

// cold starts a kernel.
func (x *execution) cold(ctx context.Context, spec *jupyter.Spec) (*kernel, error) {
	k, err := jupyter.Start(ctx, *spec, jupyter.Options{
		Dir: x.Dir, Env: x.Env, RuntimeDir: x.RuntimeDir, StartTimeout: x.StartTimeout,
		Stdout: &x.live, Stderr: &x.live, ClientOptions: x.client(),
	})
	if err != nil {
		return nil, err
	}
	return &kernel{k.Client, k.Kill}, nil
}

// warmWait is how long a warm kernel may take to answer. It takes milliseconds;
// one that was started only a moment ago takes as long as a cold one, which
// would have to begin anew; and of one that has ended its keeper says so.
const warmWait = 15 * time.Second

// warm takes a kernel that waits, and makes it one that was started for this
// notebook; nil where there is none, or it did not answer.
func (x *execution) warm(ctx context.Context, spec *jupyter.Spec) (*kernel, *jupyter.Info) {
	if x.Take == nil || !jupyter.Keepable(spec) {
		return nil, nil
	}
	w := x.Take(ctx, spec)
	if w == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, min(warmWait, x.StartTimeout/2))
	defer cancel()
	w.Peer.ClientOptions = x.client()
	c, err := jupyter.Connect(ctx, w.Connection, w.Peer)
	if err != nil {
		w.Release(ended())
		return nil, nil
	}
	k := &kernel{c, func(ctx context.Context) { x.release(ctx, c, w) }}
	info, err := c.Ready(ctx)
	if err == nil {
		err = c.MoveIn(ctx, spec, x.directory(), x.Env)
	}
	if err == nil {
		return k, info
	}
	k.end(ended())
	return nil, nil
}

// release asks a warm kernel to end itself, so that what its code has left to
// be done at the end is done, and lets go of it. The task does not wait for
// that end; so its files are written out before.
func (x *execution) release(ctx context.Context, c *jupyter.Client, w *Warm) {
	ask, cancel := context.WithTimeout(ctx, x.Grace)
	defer cancel()
	if ctx.Err() == nil {
		_ = c.Flush(ask) // what it could not, its end does
	}
	if ctx.Err() == nil && c.Shutdown(ask, false) != nil {
		ctx = ended() // it does not listen
	}
	w.Release(ctx)
	c.Close()
}

// directory is where the kernel works.
func (x *execution) directory() string {
	dir, err := filepath.Abs(x.Dir) // of none it is the caller's
	if err != nil {
		return x.Dir
	}
	return dir
}

// endKernel ends the kernel: politely, within the grace where something
// failed, and at once where it did not listen.
func (x *execution) endKernel(f *Failure) {
	if x.kernel == nil {
		return
	}
	ctx := context.Background()
	switch {
	case x.hung:
		ctx = ended()
	case f != nil:
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, x.Grace)
		defer cancel()
	}
	x.kernel.end(ctx)
}

// ended is a context without patience.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

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
	spec, err := x.spec(limit)
	if err != nil {
		return x.broken(ctx, err, KernelStart)
	}
	if x.kernel = x.warm(limit, spec); x.kernel == nil {
		if x.kernel, err = x.cold(limit, spec); err != nil {
			return x.broken(ctx, err, KernelStart)
		}
	}
	info, err := x.kernel.Ready(limit)
	if err != nil {
		return x.broken(ctx, err, KernelStart)
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

// spec is the kernelspec of the notebook.
func (x *execution) spec(ctx context.Context) (*jupyter.Spec, error) {
	if x.Interpreter != "" {
		return jupyter.Interpreter(ctx, x.Interpreter)
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

// warmWait is how long a warm kernel may take to answer. It takes milliseconds,
// and one that is gone never does.
const warmWait = 2 * time.Second

// warm takes a kernel that waits, and makes it one that was started for this
// notebook; nil where there is none, or it did not answer.
func (x *execution) warm(ctx context.Context, spec *jupyter.Spec) *kernel {
	if x.Take == nil || !jupyter.Keepable(spec) {
		return nil
	}
	w := x.Take(ctx, spec)
	if w == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, warmWait)
	defer cancel()
	w.Peer.ClientOptions = x.client()
	c, err := jupyter.Connect(ctx, w.Connection, w.Peer)
	if err != nil {
		w.Release(ended())
		return nil
	}
	k := &kernel{c, func(ctx context.Context) { w.Release(ctx); c.Close() }}
	if _, err = c.Ready(ctx); err == nil {
		err = c.MoveIn(ctx, spec, x.directory(), x.Env)
	}
	if err == nil {
		return k
	}
	k.end(ended())
	return nil
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

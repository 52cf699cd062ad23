package server_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// large leaves many files, below a working directory of its own, when a file
// `go` comes into the run's directory. What follows it changes them.
const large = `name: large
tasks:
  prepare: {bash: 'mkdir sub'}
  t:
    after: prepare
    working_dir: sub
    bash: |
      until test -e ../go; do read -t 0.02 <> <(:) || :; done
      for i in $(seq 40); do head -c 500000 /dev/urandom > $i.bin; sha256sum $i.bin >> ../sums; done
      exit 3
    allow_failure: true
    artifacts: ["*.bin"]
  next: {after: t, bash: 'rm sub/*'}
`

// TestArtifactsOutliveCrashes: a server that dies while a task runs, after it
// has ended, or while its files are being kept, loses none of them, and what
// follows the task begins only when they are safe.
func TestArtifactsOutliveCrashes(t *testing.T) {
	for round, when := range []string{"while it runs", "when it has ended", "while its files are kept", "not at all"} {
		t.Run(when, func(t *testing.T) {
			home := newHome(t)
			p := serve(t, home)
			p.keep(large)
			run := p.start("large")
			p.started(run, "t")
			task := childrenOf(keeperOf(home))[0]
			in := filepath.Join(home, "work/default/large", itoa(int(run)))
			if round <= 1 {
				p.kill()
			}
			if err := os.WriteFile(filepath.Join(in, "go"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if when != "while it runs" {
				waitGone(t, task)
			}
			if when == "while its files are kept" {
				p.kill()
			}
			if when != "not at all" {
				p = serve(t, home)
			}
			if r := p.wait(run); r.Status != freshet.Success {
				t.Fatalf("the run ended %s: %s", r.Status, r.Reason)
			}
			sums, err := os.ReadFile(filepath.Join(in, "sums"))
			if err != nil {
				t.Fatal(err)
			}
			x := p.latest(run, "t")
			if x.Seq != 1 || x.Try != 1 || len(x.Artifacts) != 40 || x.Code != freshet.CodeExit {
				t.Fatalf("%d artifacts of %+v", len(x.Artifacts), x)
			}
			for _, f := range x.Artifacts {
				if !strings.Contains(string(sums), f.SHA256+"  "+f.Path+"\n") || f.Size != 500000 || f.Dir != "sub" {
					t.Errorf("kept is %+v", f)
				}
			}
			content, err := p.Artifact(t.Context(), run, "t", "7.bin", client.ArtifactQuery{})
			if err != nil {
				t.Fatal(err)
			}
			defer content.Close()
			hash := sha256.New()
			if _, err := io.Copy(hash, content); err != nil || !strings.Contains(string(sums), fmt.Sprintf("%s  7.bin\n", hex.EncodeToString(hash.Sum(nil)))) {
				t.Errorf("another content came: %v", err)
			}
			p.end()
		})
	}
}

// TestArtifactsOnAFullDisk fail their task, and take nothing with them.
func TestArtifactsOnAFullDisk(t *testing.T) {
	home := newHome(t)
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	p := serveCommand(t, home, inNamespace(home, "mount -t tmpfs -o size=60m none '"+home+"'", "server", "start", "--listen", "127.0.0.1:0"))
	p.keep(`name: filler
tasks:
  fill: {bash: 'head -c 32000000 /dev/zero > fill', artifacts: fill}
  free: {after: {fill: failed}, bash: 'rm fill; echo small > small', artifacts: small}
`)
	run := p.start("filler")
	p.wait(run)
	x := p.latest(run, "fill")
	if x.Code != freshet.CodeArtifacts || x.Reason != "the artifact fill cannot be kept: no space left on device" {
		t.Errorf("%s: %s", x.Code, x.Reason)
	}
	if x := p.latest(run, "free"); x.Status != freshet.Success || len(x.Artifacts) != 1 {
		t.Errorf("%+v", x)
	}
	p.end()
}

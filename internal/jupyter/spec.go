package jupyter

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Spec is a kernelspec: how a kernel is started.
type Spec struct {
	Name          string            `json:"-"` // of its directory, in small letters
	DisplayName   string            `json:"display_name"`
	Language      string            `json:"language"`
	Argv          []string          `json:"argv"` // with {connection_file}, {resource_dir}
	Env           map[string]string `json:"env,omitempty"`
	InterruptMode string            `json:"interrupt_mode,omitempty"` // signal, which is the default, or message
	Dir           string            `json:"-"`                        // of kernel.json; empty where there is none
	Metadata      map[string]any    `json:"metadata,omitempty"`
}

// ByMessage says that the kernel is interrupted by a message.
func (s *Spec) ByMessage() bool { return s.InterruptMode == "message" }

// inMemoryHistory keeps ipykernels from sharing one SQLite file, which they
// wait for and lock each other out of.
const inMemoryHistory = "--HistoryManager.hist_file=:memory:"

func (s *Spec) ipykernel() bool {
	return slices.Contains(s.Argv, "ipykernel_launcher") || slices.Contains(s.Argv, "ipykernel")
}

// command is the argv of a kernel whose connection file is at path.
func (s *Spec) command(path string) []string {
	argv := make([]string, len(s.Argv), len(s.Argv)+1)
	fill := strings.NewReplacer("{connection_file}", path, "{resource_dir}", s.Dir)
	for i, a := range s.Argv {
		argv[i] = fill.Replace(a)
	}
	if s.ipykernel() && !slices.Contains(argv, inMemoryHistory) {
		argv = append(argv, inMemoryHistory)
	}
	return argv
}

// readSpec reads DIR/kernel.json.
func readSpec(dir string) (*Spec, error) {
	b, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
	if err != nil {
		return nil, err
	}
	s := &Spec{Name: strings.ToLower(filepath.Base(dir)), Dir: dir}
	path := filepath.Join(dir, "kernel.json")
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("read the kernelspec %s: %w", path, err)
	}
	if len(s.Argv) == 0 || s.Argv[0] == "" {
		return nil, fmt.Errorf("read the kernelspec %s: its argv is empty", path)
	}
	s.Argv[0] = besides(dir, s.Argv[0])
	return s, nil
}

// besides finds the Python of the environment that a kernelspec is installed
// in: PREFIX/share/jupyter/kernels/NAME says "python" and means PREFIX/bin/python.
func besides(dir, program string) string {
	if !strings.HasPrefix(program, "python") || strings.Contains(program, "/") {
		return program
	}
	prefix, ok := strings.CutSuffix(filepath.Dir(dir), filepath.Join("share", "jupyter", "kernels"))
	if !ok {
		return program
	}
	if path := filepath.Join(prefix, "bin", program); executable(path) {
		return path
	}
	return program
}

func executable(path string) bool {
	st, err := os.Stat(path)
	return err == nil && !st.IsDir() && st.Mode()&0o111 != 0
}

// unknown says which kernels there are instead.
func unknown(name string, known []Spec) error {
	names := make([]string, len(known))
	for i, s := range known {
		names[i] = s.Name
	}
	hint := "install one, as by python3 -m pip install ipykernel; see: freshet notebook kernels"
	if len(names) > 0 {
		hint = "the kernels that are installed are " + strings.Join(names, ", ")
	}
	return &Failure{Kind: UnknownKernel, Kernel: fmt.Sprintf("%q", name), Hint: hint}
}

package cli

import (
	"runtime"

	"github.com/spf13/cobra"
)

type versionInfo struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func (a *app) versionCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Example: `freshet version
freshet version -o json`,
		RunE: func(*cobra.Command, []string) error {
			v := versionInfo{a.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH}
			return a.show(v,
				func() { a.out.line("freshet %s (%s, %s/%s)", v.Version, v.Go, v.OS, v.Arch) },
				func(p *printer) { p.line("%s\t%s\t%s\t%s", v.Version, v.Go, v.OS, v.Arch) })
		},
	})
}

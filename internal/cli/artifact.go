package cli

import (
	"context"
	"io"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

var artifactColumns = []column[freshet.TaskArtifact]{
	{head: "PATH", cell: func(_ clock, f freshet.TaskArtifact) string { return f.Path }},
	{head: "SIZE", cell: func(_ clock, f freshet.TaskArtifact) string { return bytesText(f.Size) }, right: true,
		exact: func(f freshet.TaskArtifact) string { return number(f.Size) }},
	{head: "MODIFIED", cell: func(c clock, f freshet.TaskArtifact) string { return c.moment(&f.ModifiedAt) },
		exact: func(f freshet.TaskArtifact) string { return exact(&f.ModifiedAt) }},
	{head: "SEQ", cell: func(_ clock, f freshet.TaskArtifact) string { return number(f.Seq) }, right: true},
	{head: "TRY", cell: func(_ clock, f freshet.TaskArtifact) string { return number(f.Try) }, right: true},
	{head: "SHA256", only: plainFormat, cell: func(_ clock, f freshet.TaskArtifact) string { return f.SHA256 }},
}

func (a *app) taskArtifactsCommand() *cobra.Command {
	var q client.ArtifactQuery
	var to string
	var force bool
	c := &cobra.Command{
		Use:   "artifacts RUN TASK [PATH…]",
		Short: "List the files of a task that are kept, or write them to a directory",
		Long: `List the files of a task that are kept after its run, or with --to write them to
a directory. PATH is one of the list, or a glob: ** stands for any directories.
Of several tries with the same path the newest counts.`,
		Example: `freshet task artifacts 7 report
freshet task artifacts etl 'load[3]' 'out/*.csv' --to results
freshet task artifacts 7 report --seq 2 -o json`,
		ValidArgsFunction: a.completes(a.runNames, a.taskNames),
		RunE: func(c *cobra.Command, args []string) error {
			if q.Seq < 0 {
				return invalid("--seq counts from 1")
			}
			return a.withRun(c.Context(), args[0], func(server *client.Client, id int64) error {
				found, err := server.Artifacts(c.Context(), id, args[1], q)
				if err == nil {
					found, err = chosen(found, args[2:])
				}
				if err != nil {
					return err
				}
				if len(found) == 0 && a.flags.output == tableFormat {
					a.err.line("task %s of run %d has no artifacts", args[1], id)
				}
				if to == "" {
					return list(a, found, artifactColumns)
				}
				return a.saveArtifacts(c.Context(), found, saving{dir: a.path(to), shown: to, force: force,
					open: func(ctx context.Context, f freshet.TaskArtifact) (io.ReadCloser, error) {
						of := args[1]
						if f.Item != nil && !strings.HasSuffix(of, "]") {
							of = freshet.TaskName(of, *f.Item)
						}
						return server.Artifact(ctx, id, of, f.Path, client.ArtifactQuery{Seq: f.Seq, Try: f.Try})
					}})
			})
		},
	}
	c.Flags().IntVar(&q.Seq, "seq", 0, "N: only of this start of the task; default: all")
	c.Flags().StringVar(&to, "to", "", "DIR: write the files there, with their paths below it")
	c.Flags().BoolVar(&force, "force", false, "overwrite what is in DIR and differs")
	return takes(c)
}

// chosen are those that a path or a glob names; without any, all.
func chosen(found []freshet.TaskArtifact, wanted []string) ([]freshet.TaskArtifact, error) {
	if len(wanted) == 0 {
		return found, nil
	}
	used := make([]bool, len(wanted))
	var some []freshet.TaskArtifact
	for _, f := range found {
		named := false
		for i, w := range wanted {
			match, err := doublestar.Match(w, f.Path)
			if err != nil && w != f.Path {
				return nil, invalid("%q is neither a path nor a glob", w)
			}
			if match || w == f.Path {
				used[i], named = true, true
			}
		}
		if named {
			some = append(some, f)
		}
	}
	for i, w := range wanted {
		if !used[i] {
			return nil, freshet.Errorf(freshet.NotFound, "the task has no artifact %q", w).WithHint("without it, the command lists what there is")
		}
	}
	return some, nil
}

// shownArtifacts names a few of a try's artifacts.
func shownArtifacts(list []freshet.Artifact) string {
	const few = 5
	names := make([]string, 0, few+1)
	for _, f := range list[:min(few, len(list))] {
		names = append(names, f.Path)
	}
	if hidden := len(list) - few; hidden > 0 {
		names = append(names, "and "+number(hidden)+" more")
	}
	return strings.Join(names, ", ")
}

package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/api/apitest"
)

// serve starts a server for an example.
func serve() (url, token string, stop func()) {
	home, err := os.MkdirTemp("", "freshet-example-")
	if err != nil {
		log.Fatal(err)
	}
	s, err := apitest.Start(home)
	if err != nil {
		log.Fatal(err)
	}
	return s.URL, apitest.Token, func() {
		if err := errors.Join(s.Close(), os.RemoveAll(home)); err != nil {
			log.Fatal(err)
		}
	}
}

func Example() {
	url, token, stop := serve()
	defer stop()

	c, err := client.New(client.Config{URL: url, Token: token})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()
	_, err = c.Upload(ctx, freshet.DefaultNamespace, freshet.UploadRequest{Documents: []freshet.Document{{
		Name: "sums.yaml",
		Source: `
name: sums
parameters: {n: {type: integer}}
tasks:
  double: {expr: {result: params.n * 2}}
`}}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	run, err := c.StartRun(ctx, freshet.DefaultNamespace, "sums", "", freshet.RunRequest{Parameters: map[string]any{"n": 21}})
	if err != nil {
		log.Fatal(err)
	}
	if run, err = c.WaitRun(ctx, run.ID); err != nil {
		log.Fatal(err)
	}
	tasks, err := c.Tasks(ctx, run.ID, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(run.Status, tasks[0].Outputs["result"])
	// Output: success 42
}

func ExampleClient_SendEvents() {
	url, token, stop := serve()
	defer stop()

	c, err := client.New(client.Config{URL: url, Token: token})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	replies, err := c.SendEvents(context.Background(), freshet.DefaultNamespace, []freshet.EventRequest{
		{Key: "data_ready", Value: `{"rows": 3}`, ID: "batch-1"},
		{Key: ""},
		{Key: "data_ready", Value: `{"rows": 3}`, ID: "batch-1"},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range replies {
		if r.Error != nil {
			fmt.Println("refused:", r.Error)
			continue
		}
		fmt.Println("at", r.Offset, "known:", r.Known)
	}
	// Output:
	// at 1 known: false
	// refused: an event needs a key
	// at 1 known: true
}

func ExampleClient_Feed() {
	url, token, stop := serve()
	defer stop()

	c, err := client.New(client.Config{URL: url, Token: token})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()
	for _, key := range []string{"one", "two", "three"} {
		if _, err := c.SendEvent(ctx, freshet.DefaultNamespace, freshet.EventRequest{Key: key}); err != nil {
			log.Fatal(err)
		}
	}
	enough := errors.New("enough")
	err = c.Feed(ctx, client.FeedQuery{From: client.FromStart, Kinds: []string{"event"}}, func(m freshet.Message) error {
		fmt.Println(m.Offset, m.Event.Key)
		if m.Event.Key == "three" {
			return enough
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// 1 one
	// 2 two
	// 3 three
	// enough
}

func ExampleClient_AddTrigger() {
	url, token, stop := serve()
	defer stop()

	c, err := client.New(client.Config{URL: url, Token: token})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()
	_, err = c.Upload(ctx, freshet.DefaultNamespace, freshet.UploadRequest{Documents: []freshet.Document{{
		Name: "report.yaml",
		Source: `
name: report
parameters: {rows: {type: integer}}
tasks:
  double: {expr: {result: params.rows * 2}}
`}}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	trigger, err := c.AddTrigger(ctx, freshet.DefaultNamespace, freshet.TriggerRequest{
		Workflow: "report", Event: "data_ready", If: "event.data.rows > 0",
		Texts: map[string]string{"rows": "${{ event.data.rows }}"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(trigger.Entry)
	for _, value := range []string{`{"rows": 0}`, `{"rows": 21}`} {
		if _, err := c.SendEvent(ctx, freshet.DefaultNamespace, freshet.EventRequest{Key: "data_ready", Value: value}); err != nil {
			log.Fatal(err)
		}
	}
	enough := errors.New("enough")
	err = c.Feed(ctx, client.FeedQuery{From: client.FromStart, Kinds: []string{"run_ended"}}, func(m freshet.Message) error {
		tasks, err := c.Tasks(ctx, m.RunID, 0)
		if err != nil {
			return err
		}
		fmt.Println(m.Workflow, m.Status, tasks[0].Outputs["result"])
		return enough
	})
	fmt.Println(err)
	// Output:
	// {event: data_ready, if: "event.data.rows > 0", with: {rows: "${{ event.data.rows }}"}}
	// report success 42
	// enough
}

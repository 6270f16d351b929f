// SPDX-License-Identifier: Apache-2.0

// LLM calls by openai-go: sdk SPEC, a JSON array of {"stream", "mock"}, after half a second. Where
// and with which key: OPENAI_BASE_URL, OPENAI_API_KEY.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

type call struct {
	Stream bool
	Mock   string
}

func make_call(client *openai.Client, c call) error {
	with := option.WithHeader("x-mock", c.Mock)
	params := openai.ChatCompletionNewParams{
		Model:    "gpt-mock-1",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hello from Go")},
	}
	if !c.Stream {
		_, err := client.Chat.Completions.New(context.Background(), params, with)
		return err
	}
	params.StreamOptions.IncludeUsage = openai.Bool(true)
	stream := client.Chat.Completions.NewStreaming(context.Background(), params, with)
	for stream.Next() {
		_ = stream.Current()
	}
	return stream.Err()
}

func main() {
	var calls []call
	if err := json.Unmarshal([]byte(os.Args[1]), &calls); err != nil {
		panic(err)
	}
	time.Sleep(500 * time.Millisecond)
	client := openai.NewClient()
	for _, c := range calls {
		if err := make_call(&client, c); err != nil {
			fmt.Fprintln(os.Stderr, err) // the mock's errors are part of the test
		}
	}
	fmt.Println("{}")
}

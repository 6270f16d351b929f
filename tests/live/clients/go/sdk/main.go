// SPDX-License-Identifier: Apache-2.0

// LLM calls by openai-go: sdk SPEC, a JSON array of {"stream", "mock"}, after half a second. Where
// and with which key: OPENAI_BASE_URL, OPENAI_API_KEY. Without SPEC: CALLS, STREAM, GO and WAIT as
// the clients of tests/agents have them.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
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

func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

func told() (calls []call, wait time.Duration) {
	if len(os.Args) > 1 {
		if err := json.Unmarshal([]byte(os.Args[1]), &calls); err != nil {
			panic(err)
		}
		return calls, 500 * time.Millisecond
	}
	for i := 0; i < number("CALLS", 1); i++ {
		calls = append(calls, call{os.Getenv("STREAM") != "", "cached=7,in=70,out=9"})
	}
	return calls, time.Duration(number("WAIT", 0)) * time.Millisecond
}

func await(file string) {
	for n := 0; file != "" && n < 6000; n++ {
		if _, err := os.Stat(file); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func main() {
	calls, wait := told()
	time.Sleep(wait)
	client := openai.NewClient()
	for i, c := range calls {
		if i > 0 {
			await(os.Getenv("GO"))
		}
		if err := make_call(&client, c); err != nil {
			fmt.Fprintln(os.Stderr, err) // the mock's errors are part of the test
		}
	}
	fmt.Println("{}")
}

// SPDX-License-Identifier: Apache-2.0

// LLM calls by net/http: http BASE SPEC
//
// SPEC is JSON: {"api", "stream", "mock", "model", "repeat", "parallel", "bytes", "h2",
// "go": FILE, "before": S, "after": S}: one call, made `repeat` times by each of `parallel`
// goroutines, once FILE is there, with pauses around. Builds with Go 1.17 as well.
package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

var paths = map[string]string{"chat": "/v1/chat/completions", "responses": "/v1/responses",
	"embeddings": "/v1/embeddings", "messages": "/v1/messages"}

type spec struct {
	API, Mock, Model, Go string
	Stream, H2           bool
	Repeat, Parallel     int
	Bytes                int
	Before, After        float64
}

func body(s *spec) []byte {
	text := "hello " + strings.Repeat("z", s.Bytes)
	b := map[string]interface{}{"model": s.Model}
	if s.Stream {
		b["stream"] = true
		if s.API == "chat" {
			b["stream_options"] = map[string]bool{"include_usage": true}
		}
	}
	if s.API == "responses" || s.API == "embeddings" {
		b["input"] = text
	} else {
		b["messages"] = []map[string]string{{"role": "user", "content": text}}
	}
	if s.API == "messages" {
		b["max_tokens"] = 10
	}
	out, _ := json.Marshal(b)
	return out
}

func call(c *http.Client, base string, s *spec) error {
	r, err := http.NewRequest("POST", base+paths[s.API], bytes.NewReader(body(s)))
	if err != nil {
		return err
	}
	r.Header.Set("content-type", "application/json")
	r.Header.Set("authorization", "Bearer "+os.Getenv("OPENAI_API_KEY"))
	r.Header.Set("x-mock", s.Mock)
	resp, err := c.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if s.H2 && resp.ProtoMajor != 2 {
		return fmt.Errorf("not HTTP/2 but %s", resp.Proto)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

func wait(s *spec) {
	for end := time.Now().Add(2 * time.Minute); s.Go != "" && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(s.Go); err == nil {
			break
		}
	}
	time.Sleep(time.Duration(s.Before * 1e9))
}

func main() {
	s := &spec{Model: "go-mock-1", Repeat: 1, Parallel: 1}
	if err := json.Unmarshal([]byte(os.Args[2]), s); err != nil {
		panic(err)
	}
	wait(s)
	transport := &http.Transport{TLSClientConfig: &tls.Config{}, ForceAttemptHTTP2: s.H2}
	client := &http.Client{Transport: transport}
	var group sync.WaitGroup
	var lock sync.Mutex
	failures := []string{}
	for p := 0; p < s.Parallel; p++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := 0; i < s.Repeat; i++ {
				if err := call(client, os.Args[1], s); err != nil {
					lock.Lock()
					failures = append(failures, err.Error())
					lock.Unlock()
				}
			}
		}()
	}
	group.Wait()
	time.Sleep(time.Duration(s.After * 1e9))
	json.NewEncoder(os.Stdout).Encode(map[string]interface{}{"pid": os.Getpid(), "failures": failures})
	if len(failures) > 0 {
		fmt.Fprintln(os.Stderr, failures)
		os.Exit(1)
	}
}

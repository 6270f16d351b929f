// SPDX-License-Identifier: Apache-2.0

// LLM calls by net/http, with BASE, CALLS, STREAM, GO and WAIT as calls.rs has them. Go reads
// SSL_CERT_FILE itself.
package main

import (
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

func main() {
	more, file := "", os.Getenv("GO")
	if os.Getenv("STREAM") != "" {
		more = `,"stream":true,"stream_options":{"include_usage":true}`
	}
	time.Sleep(time.Duration(number("WAIT", 0)) * time.Millisecond)
	for i := 0; i < number("CALLS", 1); i++ {
		for n := 0; i > 0 && file != "" && n < 6000; n++ {
			if _, err := os.Stat(file); err == nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		body := `{"model":"go-mock-1","messages":[{"role":"user","content":"hello"}]` + more + `}`
		r, err := http.NewRequest("POST", os.Getenv("BASE")+"/v1/chat/completions", strings.NewReader(body))
		if err != nil {
			log.Fatal(err)
		}
		r.Header.Set("content-type", "application/json")
		r.Header.Set("x-mock", "cached=7,in=70,out=9")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			log.Fatal(err)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if answer.StatusCode != 200 {
			log.Fatal(answer.Status)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

// As turns.py, with panics that are recovered, stacks that grow and move, many goroutines.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
)

var client *http.Client

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func call(n int) []byte {
	body := fmt.Sprintf(`{"model":"torture","messages":[],"n":%d}`, n)
	r, err := client.Post(os.Getenv("BASE")+"/v1/chat/completions", "application/json", bytes.NewReader([]byte(body)))
	must(err)
	defer r.Body.Close()
	got, err := io.ReadAll(r.Body)
	must(err)
	return got
}

// A frame of some size each time, so that the stack is moved while it is deep.
func deep(n, depth int) []byte {
	var room [512]byte
	room[depth%512] = byte(n)
	if depth == 0 {
		return call(n)
	}
	got := deep(n, depth-1)
	return append(got, room[depth%512])
}

func panics(n int) (got []byte) {
	defer func() { got = recover().([]byte) }()
	done := make(chan []byte)
	go func() {
		defer func() { done <- recover().([]byte) }()
		panic(deep(n, n%200))
	}()
	panic(<-done)
}

func storm(n int) (got []byte) {
	var parts [16][]byte
	var wait sync.WaitGroup
	for i := range parts {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			parts[i] = panics(n*100 + i)
		}(i)
	}
	wait.Wait()
	return bytes.Join(parts[:], nil)
}

func main() {
	pem, err := os.ReadFile(os.Getenv("SSL_CERT_FILE"))
	must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 4}}
	turns, _ := strconv.Atoi(os.Getenv("TURNS"))
	sum, n := fnv.New64a(), 0
	for ; turns == 0 || n < turns; n++ {
		if _, err := os.Stat(os.Getenv("STOP")); turns == 0 && err == nil {
			break
		}
		sum.Write(panics(n))
		if n%20 == 19 {
			sum.Write(storm(n))
		}
		if n%10 == 9 {
			client.CloseIdleConnections()
		}
	}
	fmt.Printf("%d %016x\n", n, sum.Sum64())
}

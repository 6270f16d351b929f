// SPDX-License-Identifier: Apache-2.0

// main DIR PORT: a web server over HTTPS without HTTP/2, 1 KB an answer, for wrk. DIR has
// its certificate and key.
package main

import (
	"crypto/tls"
	"log"
	"net/http"
	"os"
	"strings"
)

func main() {
	body := []byte(strings.Repeat("x", 1024))
	dir, port := os.Args[1], os.Args[2]
	server := &http.Server{
		Addr: "127.0.0.1:" + port,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Write(body)
		}),
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	log.Fatal(server.ListenAndServeTLS(dir+"/server.pem", dir+"/server.key"))
}

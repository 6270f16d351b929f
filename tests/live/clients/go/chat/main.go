// SPDX-License-Identifier: Apache-2.0

// chat_server.py's application on net/http: chat PORT
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
)

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

func ask(text string) (string, error) {
	body, err := json.Marshal(map[string]any{"model": "gpt-4o", "messages": []message{{"user", text}}})
	if err != nil {
		return "", err
	}
	request, err := http.NewRequest("POST", os.Getenv("OPENAI_BASE_URL")+"/chat/completions", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("content-type", "application/json")
	request.Header.Set("authorization", "Bearer "+os.Getenv("OPENAI_API_KEY"))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	return string(all), err
}

func chat(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Message, Tag string }

	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		http.Error(w, err.Error(), 400)
		return
	}
	answer, err := ask(asked.Message + " tag:" + asked.Tag)
	if err != nil {
		http.Error(w, err.Error(), 502)
		return
	}
	fmt.Fprint(w, answer)
}

func main() {
	http.HandleFunc("/api/chat/", chat)
	if err := http.ListenAndServe("127.0.0.1:"+os.Args[1], nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

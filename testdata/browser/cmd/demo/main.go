// Command demo serves the page of the application that the browser tests look at, so that a
// browser, or a person, can:
//
//	go run ./cmd/demo                        # http://127.0.0.1:7501/view
//	go run ./cmd/demo -addr 127.0.0.1:7600
//	chromium --headless --no-sandbox --screenshot=now.png --window-size=1280,900 http://127.0.0.1:7600/view
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/workgen/workgen/testdata/browser/sales"
)

func main() {
	addr := flag.String("addr", "", "`address` of the page")
	dir := flag.String("dir", filepath.Join(os.TempDir(), fmt.Sprintf("sales-%d", os.Getpid())), "`directory` of the store; one that is there is used again, as after a restart")
	flag.Parse()
	s, err := sales.Open(context.Background(), *dir, time.Now())
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
	fmt.Println("the store is in", *dir)
	s.Addr = *addr
	status := s.Main()
	if err := s.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
	}
	os.Exit(status)
}

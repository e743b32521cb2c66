package logged

import (
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

//workgen:work
type Logged struct{}

func (Logged) Run(n int, dir string) (string, error) {
	only(n)
	link(dir)
	client()
	language()
	header()
	ends(n)
	shortened(n)
	sets(n)
	loops(n)
	argument(n)
	n += decides() + called(n)
	if verbose() {
		n++
	}
	s, err := missing()
	n += scanned()
	once(dir)
	n += counted(dir) + list(dir)
	fatal()
	ask(dir)
	return s + returns(n) + walked() + built() + printed(), err
}

// What is in these decides on nothing but what is said.
func only(n int) {
	if os.Getenv("A") != "" {
		log.Print(n)
	}
	if a := os.Getenv("A"); a == "1" || a == "2" {
		fmt.Fprintln(os.Stderr, n)
	}
	verbose := !strings.Contains(os.Getenv("A"), "a")
	if n > 1 && verbose {
		fmt.Println(n)
	} else if n > 2 {
		slog.Info("b", "n", n)
	}
	if os.Getenv("A") != "" && n > 1 {
		if n < 5 {
			log.Print(fmt.Sprint(n))
		}
	}
	host, _ := os.Hostname()
	log.Print(strings.ToUpper(host))
}

func link(dir string) {
	link, err := filepath.EvalSymlinks(dir)
	if err == nil && filepath.Base(link) != filepath.Base(dir) {
		log.Printf("%s is %s", dir, link)
	}
	if _, err := os.Stat("a"); err != nil {
		log.Print(err)
	}
}

// client tells a server who asks.
func client() {
	r := &http.Request{Header: http.Header{}}
	r.Header.Set("User-Agent", fmt.Sprintf("a (%s)", runtime.Version()))
	r.Header.Add("user-agent", "a/"+runtime.Version())
}

func language() {
	r := &http.Request{Header: http.Header{}}
	r.Header.Set("Accept-Language", os.Getenv("LANG")) // want os.Getenv
}

func header() {
	r := &http.Request{Header: http.Header{}}
	r.Header.Set(os.Getenv("A"), "User-Agent") // want os.Getenv
}

func decides() (n int) {
	if os.Getenv("A") != "" { // want os.Getenv
		n++
	}
	return n
}

func ends(n int) {
	if os.Getenv("A") != "" { // want os.Getenv
		log.Fatal(n)
	}
}

func argument(n int) {
	if a := os.Getenv("A"); a != "" { // want os.Getenv
		log.Print(next())
	}
}

func shortened(n int) {
	if os.Getenv("A") != "" && next() > 1 { // want os.Getenv
		log.Print(n)
	}
}

func returns(n int) string {
	if strings.Contains("a", os.Getenv("A")) { // want os.Getenv
		log.Print(n)
		return ""
	}
	return "a"
}

func called(n int) int {
	if n > 1 {
		log.Print(n)
	} else if os.Getenv("A") == "" { // want os.Getenv
		return next()
	}
	return n
}

func loops(n int) {
	for os.Getenv("A") != "" { // want os.Getenv
		log.Print(n)
	}
}

func sets(n int) {
	if os.Getenv("A") != "" { // want os.Getenv
		log.SetPrefix("a")
	} else if n > 1 {
		log.Print(n)
	}
}

func walked() (all string) {
	err := filepath.WalkDir(os.Getenv("A"), func(path string, _ fs.DirEntry, err error) error { // want os.Getenv
		all += path
		return nil
	})
	log.Print(err)
	return all
}

func built() string {
	var b strings.Builder
	n, _ := b.WriteString(os.Getenv("A")) // want os.Getenv
	log.Print(n)
	return b.String()
}

func printed() string {
	var b strings.Builder
	fmt.Fprint(&b, strings.ToUpper(os.Getenv("A"))) // want os.Getenv
	return b.String()
}

func scanned() (n int) {
	_, err := fmt.Sscan(os.Getenv("A"), &n) // want os.Getenv
	log.Print(err)
	return n
}

func missing() (string, error) {
	if _, err := os.Stat("a"); err != nil { // want os.Stat
		return "", err
	}
	return "a", nil
}

func verbose() bool {
	verbose := os.Getenv("A") != "" // want os.Getenv
	if verbose {
		log.Print("verbose")
	}
	return verbose
}

// What only remembers that something has been said says nothing else.
var (
	told    = map[string]bool{}
	names   = set{}
	all     []string
	warned  atomic.Bool
	written sync.Map
	times   int
)

func once(name string) {
	if !told[name] {
		told[name] = true
		log.Print(name)
	}
	if !names.has(name) {
		fmt.Fprintln(os.Stderr, name)
		names.add(name)
	}
	if len(all) < 5 {
		all = append(all, name)
		log.Print(name, len(all))
	}
	if warned.CompareAndSwap(false, true) {
		log.Print(name)
	}
	if _, ok := written.LoadOrStore(strings.ToLower(name), true); !ok {
		log.Print(name)
	}
	if times < 3 {
		times++
		log.Print(name)
	}
}

type set map[string]bool

func (s set) has(name string) bool { return s[name] }

func (s set) add(name string) { s[name] = true }

func (s set) ask(name string) bool { return s[name] && next() > 0 }

var (
	numbered = map[string]bool{}
	listed   = map[string]bool{}
	ended    atomic.Bool
	asked    = set{}
)

func counted(name string) (n int) {
	if !numbered[name] { // want variable numbered
		numbered[name] = true
		log.Print(name)
		n++
	}
	return n
}

func list(name string) int {
	if !listed[name] { // want variable listed
		listed[name] = true
		log.Print(name)
	}
	return len(listed)
}

func fatal() {
	if ended.CompareAndSwap(false, true) { // want variable ended
		log.Fatal("a")
	}
}

func ask(name string) {
	if !asked.ask(name) { // want variable asked
		asked.add(name)
		log.Print(name)
	}
}

var count int

func next() int {
	count++
	return 1
}

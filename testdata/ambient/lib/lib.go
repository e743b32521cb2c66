// Package lib is a library: what its functions look at is warned of where a module refers
// to them, if it counts.
package lib

import (
	"context"
	"fmt"
	"hash/maphash"
	"io"
	"log"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// By what means it is come to.

func Direct() string             { return os.Getenv("A") }                            // want os.Getenv
func Two() string                { return Direct() }                                  // want os.Getenv
func Method() string             { return new(T).env() }                              // want os.Getenv
func Promoted() string           { return S{}.env() }                                 // want os.Getenv
func Value() func() string       { return Direct }                                    // want os.Getenv
func MethodValue() func() string { return new(T).env }                                // want os.Getenv
func Literal() string            { return func() string { return os.Getenv("A") }() } // want os.Getenv
func Deferred()                  { defer Direct() }                                   // want os.Getenv
func Elsewhere()                 { go Direct() }                                      // want os.Getenv
func Generic[K any]() string     { return generic[K]() }                              // want os.Getenv
func GenericMethod() string      { return G[int]{}.env() }                            // want os.Getenv
func Table() any                 { return table }                                     // want os.Getenv, time.Now
func Initial() string            { return initial }                                   // want os.Getenv
func Assigned() string           { return assigned }                                  // want os.Getenv
func Once() string               { once.Do(load); return "" }                         // want os.Getenv
func Recursive() string          { return recursive(3) }                              // want os.Getenv
func Interface() string          { return I(new(T)).env() }
func Field() string              { return (F{}).f() }
func Scheme()                    { registerConversions() }
func Convert() string            { return convert() } // want os.Getenv
func Registered() string         { return registered["a"]() }
func Written()                   { initial = "" }
func Conditions() string         { return conditions(3) }
func Both() string               { return Direct() + time.Now().String() } // want os.Getenv, time.Now

// What counts.

func Directory() (string, error)     { return os.Getwd() } // want os.Getwd
func Absolute() (string, error)      { return filepath.Abs("a") }
func Opened() (*os.File, error)      { return opened("/a") }  // want os.Open
func Host() (string, error)          { return os.Hostname() } // want os.Hostname
func Arguments() []string            { return os.Args[1:] }   // want os.Args
func Program() string                { return os.Args[0] }
func Info() (*debug.BuildInfo, bool) { return debug.ReadBuildInfo() }       // want debug.ReadBuildInfo
func Version() string                { return runtime.Version() }           // want runtime.Version
func Folder() string                 { return os.TempDir() + getVersion() } // want os.TempDir
func Told() string                   { return build() }                     // want runtime.Version
func APIVersion() string             { return apiVersion() }                // want os.Getenv
func Itself() (*os.File, error)      { return program() }                   // want os.Executable
func Beside() (*os.File, error)      { return beside() }                    // want os.Executable, os.Open
func Run() ([]byte, error)           { return exec.Command("ls").Output() } // want exec.Command
func Constant() ([]byte, error)      { return os.ReadFile("/etc/hosts") }   // want os.ReadFile
func Write() (*os.File, error)       { return os.OpenFile("a", os.O_WRONLY, 0) }
func Get() (*http.Response, error)   { return http.Get("http://example.com") } // want http.Get
func Client() *http.Transport {
	return &http.Transport{DialContext: new(net.Dialer).DialContext, Proxy: http.ProxyFromEnvironment}
}
func Zone() *time.Location { return time.Local } // want time.Local
func Unix() time.Time      { return time.Unix(0, 0) }
func Processors() int      { return runtime.NumCPU() + runtime.GOMAXPROCS(0) + os.Getpid() }
func Callers() string      { return string(debug.Stack()) }
func Seed() maphash.Seed   { return maphash.MakeSeed() }
func Context() any         { return context.Background().Value(0) }
func Log()                 { log.Println(time.Now(), os.Getenv("A")) }
func Logged()              { start := time.Now(); log.Println(start) }
func Traced()              { trace(); new(logger).print() }

// The clock.

func Now() time.Time       { return time.Now() }                       // want time.Now
func Text() string         { return time.Now().Format(time.DateOnly) } // want time.Now
func Number() int64        { return time.Now().UnixNano() }            // want time.Now
func Given()               { fmt.Println(opaque(time.Now())) }         // want time.Now
func Exported() any        { return Stamp{At: time.Now()} }            // want time.Now
func Unexported() any      { return Stamp{at: time.Now().Add(time.Hour)} }
func Since() time.Duration { return time.Since(time.Time{}) }
func Took() time.Duration  { start := time.Now(); return time.Now().Sub(start) }
func Expired() bool {
	return time.Now().After(last) || last.Before(time.Now().Add(time.Hour)) || time.Now().Unix() > 5
}
func Remember()              { last = time.Now(); kept["a"] = time.Now().UTC() }
func Deadline(c ...net.Conn) { c[0].SetDeadline(time.Now().Add(time.Hour)) }
func Wait()                  { <-time.After(time.Second) }
func Package() time.Duration { return time.Since(started) }
func Clock() time.Time       { return clock() } // want time.Now

// Random numbers.

func Number2() int         { return rand.Intn(5) }         // want rand.Intn
func Less() bool           { return rand.Float64() < 0.5 } // want rand.Float64
func Jitter()              { time.Sleep(time.Duration(float64(time.Second) * rand.Float64())) }
func Delay() time.Duration { n := rand.Int63n(5); return time.Duration(n) * time.Second }
func Backoff() int         { return rand.Intn(5) }
func Source() *rand.Rand   { return rand.New(rand.NewSource(time.Now().UnixNano())) }

// T has methods.
type T struct{ name string }

func (t *T) env() string { return os.Getenv(t.name) }

// S has those of T.
type S struct{ *T }

// G is generic.
type G[K any] struct{}

func (G[V]) env() string { return os.Getenv("A") }

func generic[K any]() string { return os.Getenv("A") }

// I is an interface.
type I interface{ env() string }

// F has a function.
type F struct{ f func() string }

// Stamp has times.
type Stamp struct{ At, at time.Time }

type logger struct{}

func (logger) print() { opaque(time.Now()) }

func trace() { opaque(time.Now()) }

var table = map[string]any{"env": os.Getenv, "now": time.Now}

var initial = os.Getenv("A")

var assigned string

var registered = map[string]func() string{}

func init() {
	assigned = os.Getenv("A")
	registered["a"] = Direct
}

var once sync.Once

func load() { initial = os.Getenv("A") }

func recursive(n int) string {
	if n == 0 {
		return os.Getenv("A")
	}
	return recursive(n - 1)
}

func conditions(n int) string {
	if n > 1 {
		for range n {
			switch n {
			case 3:
				if n > 2 && os.Getenv("A") == "" {
					return "a"
				}
			}
		}
	}
	return ""
}

var (
	last    time.Time
	kept    = map[string]time.Time{}
	started = time.Now()
	clock   = time.Now
)

func getVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return runtime.Version()
}

func build() string { return runtime.Version() }

func apiVersion() string { return os.Getenv("API_VERSION") }

func program() (*os.File, error) {
	name, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return os.Open(name)
}

func beside() (*os.File, error) {
	path, err := os.Executable()
	if err != nil {
		path = "/etc/a"
	}
	return os.Open(path)
}

func opened(name string) (*os.File, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

func convert() string { return os.Getenv("A") }

func opaque(t time.Time) io.Reader { return nil }

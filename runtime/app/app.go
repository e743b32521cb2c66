package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/workgen/workgen/runtime"
)

// App is an application: a loop, and the page that shows it. The fields are set
// before the first call of a method, and not changed after it, except that
// [App.Flags] changes those that are flags. Only Loop is needed.
type App struct {
	// Loop is what the application runs. The application wraps its Flow to count
	// what a pass does, and pauses it for Wait and from the page.
	Loop *runtime.Loop

	// Name is the title of the page. Empty is the name of the program's file.
	Name string

	// Works are the runners that the page shows, in this order. Nil shows all of
	// the process, in the order in which they were made.
	Works []*runtime.Runner

	// Addr is where the page is served, as for net.Listen. Empty is DefaultAddr, or the next port
	// that is free if that is taken; an address that was asked for and is taken is an error. One
	// other than loopback needs a Token.
	Addr string

	// Token is what requests must present: a browser once, in a form, programs in
	// each request's header "Authorization: Bearer …". It needs 16 characters at
	// least. Empty, which is for loopback only, lets everybody in who can open a
	// connection.
	Token string

	// Hosts are names by which browsers may address the page, such as "builds.example.com",
	// next to localhost, IP addresses, what Addr says, and the name of the machine where that is
	// not loopback. Requests for other names are refused, or any site could read the page by
	// pointing its name here. Behind a proxy that changes the Host header they are the names that
	// browsers know, with the port unless it is the usual one, and with "https://" before it if
	// http is not to do: "https://builds.example.com:8443".
	Hosts []string

	// Wait has the flow start when "run" is clicked on the page.
	Wait bool

	// NoPage runs the loop and serves nothing.
	NoPage bool

	// Open opens the page in the user's browser.
	Open bool

	// StoreName names the store that OpenStore opens: a directory if it has a
	// slash, otherwise a name as package disk explains.
	StoreName string

	// Logger is told of what happens; the loop's logger, too, unless that has one.
	// Nil is slog.Default(), which Main makes a logger for people unless the program has set it.
	Logger *slog.Logger

	// JSON has Main log in lines of JSON, for programs, unless the program has a logger of its own.
	JSON bool

	// Stderr is where the line with the page's address is printed, and where Main has its live
	// line. Nil is os.Stderr.
	Stderr io.Writer

	terminal *terminal // nil without Main
	site     site
}

// DefaultAddr is where the page is served unless Addr says otherwise.
const DefaultAddr = "127.0.0.1:7501"

// minToken is how many characters a Token has at least.
const minToken = 16

// Run serves the page, prints its address, and runs the loop until ctx ends, the
// flow returns [runtime.Stop], or an error ends the loop; it then waits for
// executions as long as the loop's Grace allows. It returns nil in the first two
// cases, and otherwise why the page could not be served or what the loop returned.
// It runs once.
func (a *App) Run(ctx context.Context) error {
	if err := a.check(); err != nil {
		return err
	}
	if err := a.site.start(a); err != nil {
		return err
	}
	defer a.site.stop()
	if a.NoPage {
		return a.loop(ctx)
	}
	listener, err := listen(a.addr(), a.Addr == "", a.Token != "")
	if err != nil {
		return err
	}
	server := newServer(a.handler(servedAt(a.addr(), listener)), a.logger())
	served := make(chan error, 1)
	go func() { served <- server.Serve(bounded(listener, maxConnections)) }()

	url := pageURL(a.addr(), listener.Addr().(*net.TCPAddr))
	a.say(slog.LevelInfo, "Your app has started. View it in your browser: "+url)
	if a.Open {
		if err := openBrowser(url); err != nil {
			a.logger().Warn("the page could not be opened in a browser", slog.Any("error", err))
		}
	}
	err = a.loop(ctx)
	a.site.stop() // ends the streams, which Shutdown would wait for
	shutdown(server)
	if serveErr := <-served; err == nil && !errors.Is(serveErr, http.ErrServerClosed) {
		err = serveErr
	}
	return err
}

// loop runs the loop.
func (a *App) loop(ctx context.Context) error {
	if a.Loop.Store == nil && a.site.store != nil {
		a.Loop.Store = a.site.store
	}
	err := a.Loop.Run(ctx)
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// check says what is wrong with the fields.
func (a *App) check() error {
	switch {
	case a.Loop == nil || a.Loop.Flow == nil:
		return errors.New("app: there is nothing to run: set Loop to a loop with a Flow")
	case a.Wait && a.NoPage && !a.site.mounted.Load():
		return errors.New("app: -wait waits for a click on the page, which -no-page turns off: leave one of them out")
	case a.Token != "" && len(a.Token) < minToken:
		return fmt.Errorf("app: the token has %d characters: use %d at least, such as those of openssl rand -hex 16", len(a.Token), minToken)
	}
	for _, h := range a.Hosts {
		if _, err := parseHost(h); err != nil {
			return err
		}
	}
	for i, w := range a.Works {
		if w == nil {
			return fmt.Errorf("app: Works[%d] is nil: leave it out", i)
		}
	}
	return nil
}

func (a *App) addr() string {
	if a.Addr == "" {
		return DefaultAddr
	}
	return a.Addr
}

func (a *App) name() string {
	if a.Name == "" {
		return filepath.Base(os.Args[0])
	}
	return a.Name
}

func (a *App) logger() *slog.Logger {
	if a.Logger == nil {
		return slog.Default()
	}
	return a.Logger
}

func (a *App) stderr() io.Writer {
	if a.terminal != nil {
		return a.terminal
	}
	if a.Stderr == nil {
		return os.Stderr
	}
	return a.Stderr
}

// shutdown lets requests finish that are under way, for a moment.
func shutdown(s *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if s.Shutdown(ctx) != nil {
		s.Close()
	}
}

// Package app turns a loop into an application: a program that starts, says where
// to look, shows the loop at work in a browser, and ends cleanly when interrupted.
//
//	func main() {
//		app.Main(func(a *app.App) error {
//			process := NewDataProcessorRunner(&DataProcessor{Source: "s3://sales"})
//			a.Loop = &runtime.Loop{Flow: func(ctx context.Context) error {
//				_, err := process.Run(ctx, runtime.Today(ctx).Format("01/02/06"))
//				return err
//			}}
//			return nil
//		})
//	}
//
//	$ go run .
//	INFO: Your app has started. View it in your browser: http://127.0.0.1:7501/view
//
// The page at /view says what goes on now: what runs and what is normal for it, what waits and for
// what, what has failed and was not executed again since, and what comes next. /view/executions lists
// all executions that stores remember, over restarts, and those of works without a store since the
// process started; /view/works/{work} is about one work, /view/flow draws who calls whom. A call has a
// page with its arguments, its result, every execution and why it was no hit, at an address that stays
// right: its durable key, or for works without a store its number in this process. It has people start
// and pause the flow or a work, and stop calls, forget results and execute calls again, one or a
// selection; executing one again keeps its result until there is a new one. Pages follow what happens,
// need no script to be read, and load nothing from elsewhere. The same is there for programs:
// openapi.json, which is served as /api/v1/openapi.json, describes the API, with a stream of events;
// /healthz tells whether the loop lives.
//
// # Who may look
//
// The page is served on the loopback interface unless the address says otherwise,
// and then a token is needed: without one the app refuses to start. Requests that
// were not made by a page of the app itself change nothing, names that are not the
// app's are refused (see [App.Hosts]), and no GET changes anything. All users of a
// machine can reach its loopback interface: where they do not trust each other, set
// a token there, too.
//
// Who does not present the token is told whether the app lives, by /healthz, and nothing
// else. A browser presents it once, in a form, and has a cookie for a week or until
// somebody logs out; a new token ends all sessions. After ten wrong tokens a client, which
// is an IPv4 address or the first half of an IPv6 address, has one more every ten seconds;
// who has logged in notices nothing of that, nor do other clients.
//
// When all of the 512 connections are in use, a new one takes the place of one that waits, of the
// client that has the most.
//
// # Behind a proxy
//
// Tell the app by which name browsers reach the proxy: -host builds.example.com, or
// WORKGEN_HOSTS. The proxy may keep the Host header or change it. With TLS at the proxy the cookie
// is for TLS only, since browsers, or a header X-Forwarded-Proto, say so; nothing else is believed
// of that header. To have it that pages which came without TLS change nothing, say
// -host https://builds.example.com. A port other than the usual one belongs to the name:
// -host builds.example.com:8443. The proxy should hand on at once what the app sends (nginx does,
// for streams) and let a connection be open for minutes. All who come by one proxy are one client
// for the bounds above.
//
// # What it prints
//
// With [Main], and unless the program has set a logger, what is logged goes to standard error in
// lines for people: failed calls with their reason, once, and attempts that are repeated; ticks that
// are done, and the next one; pauses; the stack of a panic in lines of its own. At a terminal a
// live line below says how many calls run, wait and have failed, how far the longest of
// them are ([runtime.Progress]), and when the next tick comes. It leaves out what does not fit, NO_COLOR
// turns colours off, and TERM=dumb the line. With -json all of it is lines of JSON, as of slog.
//
// # What it costs
//
// A page is made anew at most twice a second, and only while somebody watches and something has
// changed; what is sent is what differs, compressed: 0.3 KB/s for one tab of an idle flow. What takes
// a store longer to find out is found by one look that all share. Nothing that looks holds the loop
// or a runner up for longer than it takes to copy a few hundred calls. While the application runs,
// runners remember the arguments of the latest calls, as short texts, and so that they can be executed
// again.
package app

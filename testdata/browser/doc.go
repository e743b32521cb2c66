// Package browser holds the tests of the application's page in a real browser,
// apart since they need one, and packages that nothing else does. They look for
// Chromium as chromium, chromium-browser, google-chrome or what CHROMIUM names, and
// skip without one, unless BROWSER_TESTS=required says that this is an error.
//
//	go test ./...
//	SCREENSHOTS=/tmp/shots go test ./...   # writes what the pages look like
//	go run ./cmd/demo                      # serves what serveRealistic does, to look at
//
// Directory axe has axe-core 4.14.1 of Deque Systems, under the Mozilla Public
// License 2.0, as npm has it: https://www.npmjs.com/package/axe-core.
package browser

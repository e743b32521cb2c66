// Package examples holds programs that a newcomer runs first. This test runs
// them as README does.
package examples

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	one = "I received the following props: args: () kwargs: {'value': 1}\n"
	ten = "I received the following props: args: () kwargs: {'value': 10}\n"
)

var bin string // where the programs are

func TestMain(m *testing.M) {
	var err error
	if bin, err = os.MkdirTemp("", "examples"); err != nil {
		panic(err)
	}
	status := m.Run()
	os.RemoveAll(bin)
	os.Exit(status)
}

// programs compiles all examples at once, without what debuggers need.
var programs = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "build", "-ldflags=-w", "-o", bin+string(filepath.Separator), "./...").CombinedOutput()
	return string(out), err
})

// build returns the path of an example's program.
func build(t *testing.T, name string) string {
	t.Helper()
	if out, err := programs(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	exe := filepath.Join(bin, name)
	if goruntime.GOOS == "windows" {
		exe += ".exe"
	}
	return exe
}

// started is what an application prints on standard error.
var started = regexp.MustCompile(`^INFO: Your app has started\. View it in your browser: (http://127\.0\.0\.1:\d+)/view\n`)

// stopped is the last line of what it prints there.
var stopped = regexp.MustCompile(`INFO: Stopped after .*\n$`)

// stopping is what it prints there until it is interrupted, which may be its schedule.
var stopping = regexp.MustCompile(`^(.* INFO  .*\n)*INFO: Stopping: waiting for `)

// run returns what a program prints on standard output; it may print nothing
// on standard error, but where its page is.
func run(t *testing.T, exe string, args ...string) string {
	t.Helper()
	var stderr strings.Builder
	cmd := exec.Command(exe, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stopped.ReplaceAllString(started.ReplaceAllString(stderr.String(), ""), "") != "" {
		t.Fatalf("%v: %v\n%s", cmd, err, stderr.String())
	}
	return string(out)
}

func TestPropsExecutesOncePerDistinctArgument(t *testing.T) {
	props := build(t, "props")
	if got := run(t, props); got != one+ten {
		t.Errorf("got\n%s", got)
	}
	if got, want := run(t, props, "-cache=false"), strings.Repeat(one, 5)+ten; got != want {
		t.Errorf("without the cache: got\n%s", got)
	}
}

// application is an application that runs, and its page.
type application struct {
	*exec.Cmd
	url    string
	out    *os.File // what it prints on standard output
	stderr *bufio.Reader
}

func launch(t *testing.T, exe string, args ...string) *application {
	t.Helper()
	a := &application{Cmd: exec.Command(exe, args...)}
	out, err := a.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := a.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Process.Kill() })
	a.out, a.stderr = out.(*os.File), bufio.NewReader(stderr)
	line, _ := a.stderr.ReadString('\n')
	m := started.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("on standard error: %q", line)
	}
	a.url = m[1]
	return a
}

// interrupt ends the application, and returns what it has printed on standard output
// and not been asked for yet.
func (a *application) interrupt(t *testing.T) string {
	t.Helper()
	if goruntime.GOOS == "windows" {
		t.Skip("has no interrupts for other processes")
	}
	_ = a.Process.Signal(os.Interrupt)
	said, _ := io.ReadAll(a.stderr)
	more, _ := io.ReadAll(a.out)
	if err := a.Wait(); err != nil || !stopping.Match(said) {
		t.Errorf("after the interrupt: %v, %q", err, said)
	}
	return string(more)
}

// executions returns how many there were of each work, as the API says.
func (a *application) executions(t *testing.T) map[string]int {
	t.Helper()
	answer, err := http.Get(a.url + "/api/v1/works")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var status struct {
		Works []struct {
			ID         string
			Executions int
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&status); err != nil {
		t.Fatal(err)
	}
	n := map[string]int{}
	for _, w := range status.Works {
		n[w.ID] = w.Executions
	}
	return n
}

// TestPropsIsAnAppThatWaitsForTheClick is the transcript of the original: start,
// click on run, two lines.
func TestPropsIsAnAppThatWaitsForTheClick(t *testing.T) {
	a := launch(t, build(t, "props"), "-app")
	answer, err := http.Post(a.url+"/view/loop/run", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	got := make([]byte, len(one+ten))
	if _, err := io.ReadFull(a.out, got); err != nil || string(got) != one+ten {
		t.Errorf("after the click: %q, %v", got, err)
	}
	if more := a.interrupt(t); more != "" {
		t.Errorf("more than that: %q", more)
	}
}

// TestDailyGoesOnWhereItWasInterrupted watches it on its page.
func TestDailyGoesOnWhereItWasInterrupted(t *testing.T) {
	daily := build(t, "daily")
	t.Setenv("WORKGEN_STORE", t.TempDir())
	a := launch(t, daily, "-day=500ms")
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if n := a.executions(t); n["daily.DataProcessor"] >= 2 && n["daily.Trainer"] >= 2 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the works do not move")
		}
	}
	first := a.interrupt(t)
	done := strings.Count(first, "the model scores")
	if done < 1 || !strings.Contains(first, "daily.Trainer: executed ") {
		t.Errorf("printed\n%s", first)
	}
	days := strings.Count(first, "processing")
	second := run(t, daily, "-day=500ms", "-days", strconv.Itoa(days+1))
	for n := range days {
		day := time.Date(2022, time.May, 25+n, 0, 0, 0, 0, time.UTC).Format("01/02/06")
		if n < done && strings.Contains(second, " of "+day) {
			t.Errorf("%s was done, and was executed again:\n%s", day, second)
		}
	}
	if !strings.Contains(second, "processing") || !strings.Contains(second, "training") {
		t.Errorf("it did not go on:\n%s", second)
	}
}

func TestPrimesComputesEachCountOnce(t *testing.T) {
	got := run(t, build(t, "primes"), "-goroutines=50", "-calls=20")
	for _, want := range []string{
		`(?m)^ *up to +primes +largest$`,
		`(?m)^ *1000000 +78498 +999983$`,
		`(?m)^1000 calls: 6 executions, \d+ hits, \d+ waited for another's execution$`,
		`(?m)^took .*, saved about .*s$`,
	} {
		if !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("no line matches %s in\n%s", want, got)
		}
	}
}

func TestDailyRunsEachWorkOncePerDay(t *testing.T) {
	daily := build(t, "daily")
	t.Setenv("WORKGEN_STORE", t.TempDir())
	got := run(t, daily, "-days=3", "-day=1s") // long enough for a busy machine
	if want, got := console(t, "go run ./examples/daily -days 3 | uniq"), unnumbered(uniq(got)); got != unnumbered(want) {
		t.Errorf("README says\n%s\ngot\n%s", want, got)
	}
	for _, day := range []string{"05/25/22", "05/26/22", "05/27/22"} {
		for _, line := range []string{"  processing " + day + " of s3://sales\n", "  training on 8 rows of " + day + "\n"} {
			if n := strings.Count(got, line); n != 1 {
				t.Errorf("%d times %q", n, line)
			}
		}
		if strings.Count(got, "\n"+day) < 2 && day != "05/25/22" {
			t.Errorf("no passes on %s that skip the works", day)
		}
	}
	for _, work := range []string{"DataProcessor", "Trainer"} {
		if !strings.Contains(got, "daily."+work+": executed 3 times, skipped ") {
			t.Errorf("%s was not executed 3 times", work)
		}
	}
	if t.Failed() {
		t.Log(got)
	}

	got = run(t, daily, "-days=3", "-day=1s") // another process, with the same store
	if want, got := console(t, "go run ./examples/daily -days 3 | uniq | tail -2"), got[strings.Index(got, "github.com/"):]; unnumbered(got) != unnumbered(want) {
		t.Errorf("README says that the second time ends with\n%s\ngot\n%s", want, got)
	}
	if strings.Contains(got, "processing") || strings.Contains(got, "training") {
		t.Errorf("executed again:\n%s", got)
	}
}

func TestUnreachableNeverGetsBehindItsWork(t *testing.T) {
	var stderr strings.Builder
	cmd := exec.Command(build(t, "unreachable"), "-passes=4")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(out), strings.Repeat("HERE BEFORE\n", 4); got != want {
		t.Errorf("got\n%s", got)
	}
	if !strings.Contains(stderr.String(), "never reached") || !strings.Contains(stderr.String(), "unreachable.Work") {
		t.Errorf("no warning that names the work: %s", stderr.String())
	}
}

func TestEtlReportsOnLastNightAndWaits(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "north.csv"), []byte("tea, 250\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	a := launch(t, build(t, "etl"), "-pace=0", folder)
	printed := bufio.NewReader(a.out)
	for _, want := range []string{`^parsing north\.csv\n$`, `^report of \d{4}-\d\d-\d\d\n$`, `^  north\.csv: 1 sales, 250 cents\n$`} {
		if line, err := printed.ReadString('\n'); err != nil || !regexp.MustCompile(want).MatchString(line) {
			t.Fatalf("%q does not match %s, %v", line, want, err)
		}
	}
	if more := a.interrupt(t); more != "" {
		t.Errorf("more than that: %q", more)
	}
}

func TestReadmeShowsWhatPropsPrints(t *testing.T) {
	if got := console(t, "go generate ./examples/... && go run ./examples/props"); got != one+ten {
		t.Errorf("README shows\n%s", got)
	}
}

// console returns what README shows after a command.
func console(t *testing.T, command string) string {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(readme), "$ "+command+"\n")
	if !ok {
		t.Fatalf("README does not show %s", command)
	}
	out, _, _ := strings.Cut(after, "```")
	return out
}

// uniq leaves out lines that repeat the one before.
func uniq(text string) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(slices.Compact(lines), "")
}

// unnumbered replaces the numbers that depend on the machine.
func unnumbered(text string) string {
	return regexp.MustCompile(`skipped \d+ times`).ReplaceAllString(text, "skipped N times")
}

package main

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// Most of what a run of workgen takes in a script is to start, and to ask the go command
// for the export data of package runtime and of what else has not changed since the last
// run. So the runs that are not of interest as processes share a few resident ones: the
// test binary under another name, which runs one command line after the other, each in
// the folder and with the environment that it would have had as a process of its own.

// residentName is the resident process's name as a command.
const residentName = "workgen-resident"

// A request is a command line for a resident process, a response what came of it.
type (
	request struct {
		Dir       string
		Env, Args []string
	}
	response struct {
		Status         int
		Stdout, Stderr []byte
	}
)

// reside is what a resident process does until its standard input ends.
func reside() {
	spendMemory()
	in, out := gob.NewDecoder(os.Stdin), gob.NewEncoder(os.Stdout)
	for {
		var r request
		if err := in.Decode(&r); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			panic(err)
		}
		os.Clearenv()
		for _, v := range append(r.Env, "PWD="+r.Dir) {
			name, value, _ := strings.Cut(v, "=")
			os.Setenv(name, value)
		}
		if err := os.Chdir(r.Dir); err != nil {
			panic(err)
		}
		var stdout, stderr bytes.Buffer
		status := run(r.Args, strings.NewReader(""), &stdout, &stderr)
		if err := out.Encode(response{status, stdout.Bytes(), stderr.Bytes()}); err != nil {
			panic(err)
		}
	}
}

// residents are the resident processes of a test: as many as have been needed at a time.
// Methods may be called concurrently.
type residents struct {
	t    *testing.T // with which they end
	mu   sync.Mutex
	idle []*resident
}

// A resident is one process.
type resident struct {
	in     *gob.Encoder
	out    *gob.Decoder
	end    func() // ends it, and waits
	stderr bytes.Buffer
}

// run runs a command line in one of the processes.
func (r *residents) run(line request) (response, error) {
	one, err := r.take()
	if err != nil {
		return response{}, err
	}
	var got response
	err = errors.Join(one.in.Encode(line), one.out.Decode(&got))
	if err != nil { // it has died
		one.end()
		return got, fmt.Errorf("%w\n%s", err, one.stderr.String())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.idle = append(r.idle, one)
	return got, nil
}

// take returns a process that has nothing to do.
func (r *residents) take() (*resident, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.idle); n > 0 {
		one := r.idle[n-1]
		r.idle = r.idle[:n-1]
		return one, nil
	}
	one := new(resident)
	cmd := exec.Command(residentName)
	cmd.Env = append(os.Environ(), "GOGC=400")
	cmd.Stderr = &one.stderr
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr, cmd.Start()); err != nil {
		return nil, err
	}
	one.in, one.out = gob.NewEncoder(in), gob.NewDecoder(out)
	one.end = sync.OnceFunc(func() {
		in.Close()
		_ = cmd.Wait() // that it failed, who waits for an answer is told
	})
	r.t.Cleanup(one.end)
	return one, nil
}

// script runs workgen for a script and returns its exit status.
func (r *residents) script(ts *testscript.TestScript, args []string) int {
	line := request{Dir: ts.MkAbs("."), Args: args}
	for _, name := range ts.Value(variables{}).([]string) {
		if value := ts.Getenv(name); value != "" {
			line.Env = append(line.Env, name+"="+value)
		}
	}
	got, err := r.run(line)
	ts.Check(err)
	_, _ = ts.Stdout().Write(got.Stdout)
	_, _ = ts.Stderr().Write(got.Stderr)
	return got.Status
}

// variables is the key of the names of the variables that a script may have.
type variables struct{}

// setting matches a line of a script that sets variables.
var setting = regexp.MustCompile(`(?m)^(?:\[[^\]]*\] *)*env (.*)`)

// variableNames returns the names of the variables that a script has from the beginning,
// sets itself, or is given by commands of its own.
func variableNames(env *testscript.Env, script string) ([]string, error) {
	text, err := os.ReadFile(script)
	if err != nil {
		return nil, err
	}
	settings := append(slices.Clone(env.Vars), "GOSUMDB=")
	for _, m := range setting.FindAllStringSubmatch(string(text), -1) {
		settings = append(settings, strings.Fields(m[1])...)
	}
	var names []string
	for _, s := range settings {
		if name, _, ok := strings.Cut(s, "="); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

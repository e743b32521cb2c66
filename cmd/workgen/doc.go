// Workgen generates the wrappers that run each work once per distinct input.
//
// Usage:
//
//	workgen [-tags list] [-v] [-strict[=deps]] [-diff] [-json] [packages]
//	workgen check [-tags list] [-v] [-strict[=deps]] [-diff] [-json] [packages]
//	workgen explain [-tags list] [-strict[=deps]] [-json] work [packages]
//	workgen store ls|show|why|export|queue|rm|gc|verify|path [-store name or directory] [-json]
//	workgen version
//	go vet -vettool=$(go tool -n workgen) [packages]
//
// It writes workgen_gen.go, with the wrappers, into every package that has types
// marked //workgen:work, and is usually run by go generate:
//
//	//go:generate go run github.com/workgen/workgen/cmd/workgen
//
// Beside it stands workgen_code.go, which identifies the code that the works reach: it
// changes with that code, the wrappers only with the works themselves. Both belong in
// version control. A merge conflict in either is settled by generating again, whatever
// the files hold. A package whose works are all marked memory needs no workgen_code.go.
//
// Works in tests have wrappers in tests: those of a package's own tests in
// workgen_gen_test.go, those of its external test package in workgen_gen_x_test.go,
// with workgen_code_test.go and workgen_code_x_test.go beside them.
// What is generated for the package itself does not depend on its tests.
//
// Packages are named as for go build; the default is the package in the current
// directory. Either all generated files are brought up to date or, when there is
// a problem in any package, none is touched. All problems are reported, sorted,
// on standard error, as file:line:col: message.
//
// Check writes nothing. It prints the generated files that are stale, missing,
// or orphaned, one a line, for use in continuous integration. With -diff neither
// command writes; both print what would change as one unified diff, which git
// apply and patch -p1 take in the root of the repository, or, without one, of the
// module or workspace.
//
// Explain says of one work, named by its type (Report, daily.Report), what is in its
// keys and what is not, what else is in the keys of a store, why results can be stored
// or not, whether workers elsewhere can execute it, what was warned of and what is
// silenced, and which code Run reaches. Where no packages are named it looks in all below
// the current directory.
//
// Warnings are printed like problems, behind their position the word warning, and
// stop nothing. With -strict they are problems, but for those about what functions of
// other modules look at; with -strict=deps those are, too.
//
// The exit status is 0 when all is well, 1 when there are problems in the
// packages, 2 for wrong usage and failures of workgen or the go command itself,
// and 3 when check or -diff found a file that is not up to date.
//
// # Stores
//
// The commands below workgen store look into the directory where programs keep results: ls
// lists executions, show prints all that is kept of a call and its executions, why says
// why it was executed or why its result has gone, export prints executions as JSON, queue
// lists workers and the calls that wait for them, rm deletes results, gc drops what has
// expired and what does not fit, verify reads everything and compares checksums, and path
// prints the directory. They may be used while programs use the store: what rm deletes is
// gone for them, too, within about a second, and an execution of it that is under way does
// not count; gc leaves alone what they keep in memory. With -json each prints one object
// per line; fields may be added to them. What a terminal would obey in the texts that a
// store has, such as escape sequences, is printed escaped.
//
// Without -store it is the only store in the directory that WORKGEN_STORE names, or in
// workgen below the user's cache. A store that was written by an older version is left as it
// is, and not opened: programs set it aside. The exit status is 1 when verify finds damage.
//
// Stores in PostgreSQL have the same commands, but for path, in a command of their own:
// github.com/workgen/workgen/runtime/store/postgres/cmd/workgen-postgres.
//
// # In editors
//
// The command is also a tool for go vet, which then reports the same problems for
// packages that compile, one by one, and with -fix mends mistyped directives and
// tags and adds missing tags. What takes several packages to know is not reported:
// stale files, and works of one name. See Flows for what else it reports. Package
// github.com/workgen/workgen/generator/analyzer has the analyzer for drivers of
// golang.org/x/tools/go/analysis.
//
// # For programs
//
// With -json, standard output is one object, whatever the exit status but for
// wrong usage, and nothing is printed on standard error but failures, status 2,
// and what -v adds:
//
//	{
//		"diagnostics": [{
//			"file": "./render.go", "line": 31, "column": 39,
//			"severity": "error",
//			"work": "Render",
//			"message": "cannot key parameter cfg: a channel has no value",
//			"path": [{
//				"expr": "cfg.Done", "type": "chan int",
//				"file": "./config.go", "line": 12, "column": 2
//			}],
//			"fix": "tag Done `workgen:\"-\"`, or give Config a method EncodeKey(*key.Encoder)"
//		}],
//		"files": [{"file": "./workgen_gen.go", "state": "written", "diff": ""}],
//		"error": ""
//	}
//
// All fields are always there, and no list is null. A file is named as in the
// text: relative with a leading ./ when it is below the current directory. Lines
// and columns, in bytes, count from 1; one that is not known is 0, and so are both
// of a diagnostic whose file is "". A severity is error or warning. A work is "" when the problem is not one
// work's, a fix when the message leaves one thing to do. With explain there is a list
// works, too, each with the lists of the text: inputs, left, stored, memory (why results
// are in memory only), local (why workers elsewhere cannot execute it), problems, allowed
// and reached. The state of a file is written, removed or unchanged after generating;
// stale, missing, orphaned or ok with check and -diff. A diff is there with -diff, and
// error says why workgen could not do its work. Readers should ignore fields that they do
// not know.
//
// # Works
//
// A work is a struct type with a method Run and this directive above it:
//
//	//workgen:work [option ...]
//
// Run may take a context first, any number of arguments, the last one variadic,
// and may return any number of results, an error last. The options, of which
// those of the constructor win over all but version, share, memory, portable and secret:
//
//	cache=false     execute every call
//	name=NAME       the name in statuses and keys; import path, dot, type name by default
//	ttl=1h          results expire
//	refresh=50m     results that are so old are given while an execution replaces them
//	stale=1h        expired results are given for so long while an execution that is to replace them fails
//	jitter=0.1      lifetimes are shorter by up to this share, so that results do not expire together
//	entries=1000    how many results are kept at most
//	bytes=64MiB     how much memory they take at most, in B, KiB, MiB, GiB, KB, MB or GB
//	timeout=30s     how long an execution may take
//	retry=3         how often a call that fails executes at most, with growing waits
//	concurrency=4   how many executions run at once
//	errors=30s      errors are kept for so long, too; the option CacheErrorsFunc chooses among them
//	version=3       part of every key in place of code and build: change it when old results are no good
//	version=binary  the running program is part of every key, so that each build has results of its own
//	share           results are handed out without copying them; nobody may write to them
//	memory          results are never stored, and keys do not depend on the code
//	portable        paths name the same content on all machines; see Workers
//	secret=a,Token  inputs that are not printed, logged or stored; see below
//
// A result type says itself how long it is kept by a method KeepFor() time.Duration, which
// is looked for when the code is generated: see runtime.Perishable.
//
// What is secret is left out of the texts of arguments, of %v and %#v of the argument
// struct, and of errors, panics and progress that quote it, as they are shown in statuses,
// on pages, in logs and traces, and in the store: there stands (secret). Quotations are
// found as they are, and as %q, JSON and URLs write them, if they are whole and have eight
// bytes or more. Whoever waits for a call gets its error as it is. Of the value a store has
// a digest, under a key of its own, to say that it has changed; results are stored as they
// are.
//
// Fields of the struct say what they are with a tag:
//
//	Source string       `workgen:"key"`    // an input, like an argument
//	Token  string       `workgen:"secret"` // one that is secret
//	Client *http.Client `workgen:"-"`      // no input
//
// A field without a tag is state: Run may write it, and reading it is an error.
// In the types of arguments `workgen:"secret"` makes the argument a secret one, of which
// this field is what is not to be quoted; `workgen:"-"` leaves a field out of the key, and a
// method EncodeKey(*key.Encoder) lets a type write its own. Arguments are copied
// before they are executed with, and results before they are handed out, so
// pointers that were equal come back as pointers to equal values.
//
// Nothing behind a field tagged `workgen:"-"` is ever read: the field is assigned with
// its struct, in copies of arguments and of results alike, and shown by its name only.
// So others may write to what it refers to while calls are made, and it may hold a
// secret; but all callers share it with the cache, and a result that has one cannot be
// stored.
//
// A work may hold runners of other works in a keyed field, alone, in slices, maps and
// structs, and in interfaces with a list of types. Such a runner counts with the name of
// its work, the types and the code or version of it, its keyed fields, and the options that
// decide what it returns: CacheCalls, TTL, StaleIfError, CacheErrors, Timeout, and the
// attempts of Retry. Nothing it computes is looked at. Copies share it, and a store cannot
// keep a result that has one. A runner is no argument. Types that are generated are types
// like any other: a work may take the arguments or results of another one.
//
// What does not type-check is refused where a work is made of it, with the way there. A
// type that another generator declares has to be there before.
//
// Types may contain themselves, and values too: keys of cyclic values end, and in
// copies of values of such types what was shared is shared again. Only pointers
// into the middle of something else that is copied lead to a copy of their own.
//
// # Interfaces
//
// An interface is no obstacle where it is known which types its values have. That
// is so when it has a method whose name is not exported and belongs to a main
// module, or has the method EncodeKey(*key.Encoder): then they are the types of the
// main modules that implement it, and those must have names the package with
// the work can use. For any other interface a directive lists them, in the doc
// comment of the interface type, or of a struct's field or behind it:
//
//	//workgen:oneof bool float64 string []any map[string]any
//	type JSON any
//
//	Value any //workgen:oneof int string *Node
//
// At a field it is about the interface in the field's type, down to structs.
// Inside the listed types, []any for one, the same interface means the same list.
// Nil is always allowed. A call whose arguments hold a value of another type is
// executed every time, and one whose result does fails with a
// runtime.UnknownTypeError.
//
// No directive can be written at a field of another module's struct. There an
// interface that only its own package can implement is resolved by itself, and for
// any other one a directive anywhere in the package with the works names it before
// a colon:
//
//	//workgen:oneof any: string float64 bool []any map[string]any
//
// # Types of other packages
//
// Structs of other packages are walked like one's own if all of their fields that
// hold anything are exported. Of the standard library the types of math/big and
// net/netip, *time.Location, url.Userinfo and unique.Handle are known, too, and so
// is Kubernetes' resource.Quantity. A protobuf message, passed by a pointer, is what proto.Marshal makes of it with
// Deterministic set: what protobuf does not tell apart is one input, and since other
// releases of protobuf may write other bytes, keys may then miss, but never hit
// wrongly. For any other type a directive anywhere in the package with the works
// says which of its methods to use: AppendBinary or MarshalBinary, AppendText or
// MarshalText, MarshalJSON:
//
//	//workgen:encode uuid.NullUUID json
//	//workgen:encode decimal.Decimal binary share
//
// The type is written as in that file, or with its import path if the file does not
// import it. Values that the method writes alike are one input and get one result,
// so the directive is right only where the method tells all values apart. workgen
// cannot see that: it refuses the JSON of a struct with a field tagged to be left
// out, and takes your word for the rest. The text of a regexp.Regexp, for one, is the
// same with POSIX rules and without. When the method fails or panics, the call is
// executed and not kept, and that is logged once. With share, copies of values share
// their memory, which is right for types whose values never change.
//
// A type that was declared as time.Time, or as a number or an address of the standard
// library, as in type Stamp time.Time, is keyed, copied, stored and shown as that.
//
// A struct of another package may embed one whose name is not exported. It is walked if
// all fields of that are exported and nothing of the same name is in their way; one that
// embeds a pointer is not, nor one that has a method which encodes it.
//
// A struct of another module with a field that cannot be read, and that no result
// depends on, is walked if a directive leaves that field out. The reason is required:
//
//	//workgen:ignore stripe.Params.usage it counts requests
//
// Values that differ in this field only are then one input and get one result. The
// field is copied by assignment, it is not shown, and results with it are not stored.
//
// What cannot be walked is copied by proto.Clone or by a method DeepCopy or Clone
// that the type declares itself and that is expected to copy deeply. An argument
// without one is not copied but compared before and after the execution; a result
// without one is refused, unless the work's option share gives all callers the
// cached value itself. A result that is used up is refused with share, too: a
// channel, an iterator, a stream, rows, a connection, a timer. Its first caller would
// leave nothing for the others.
//
// A struct that cannot be written out for a field which is not exported is guarded
// by its size: a new field stops the build, unless it fits between two others;
// workgen check notices that one.
//
// What is generated is built everywhere, so a work, its method Run, and those
// types of its package that Run takes and returns must be, too: one in a file
// with a build constraint, be it a //go:build line, a name such as x_linux.go or
// the import of "C", is refused, on every system alike. Let Run call functions
// that differ between builds instead. Names declared in any build are not given
// to anything generated; files that need the tag ignore do not count.
//
// # Stored results
//
// A store keeps results that come back equal in another process. Stored are plain data
// in exported fields, whatever methods their types have for other encodings; times,
// time zones, and the numbers and addresses of the standard library; protobuf messages;
// interfaces whose types are known; unique.Handle; types that contain themselves; and
// by their methods those types that //workgen:encode names, if they have the
// counterpart that reads, such as UnmarshalText. Fields that hold nothing do not
// matter. Not stored are fields that are not exported or are tagged workgen:"-",
// functions, channels, locks, addresses, interfaces that can hold any type, and maps
// whose keys hold addresses: pointers, or times for their location. Package
// runtime/store/codec has the whole list.
//
// A work whose results cannot be stored is warned of, with the way to the reason, unless
// it is marked memory or cache=false; its runner panics when it is given a store. What
// only a value shows is found when it is written: a value that contains itself, that its
// own methods do not give back equal or panic on, or a time zone that cannot be loaded
// by its name. Such a result is not kept in the store, and that is logged. A time comes
// back without its monotonic reading, with the same time zone or not at all.
//
// # Workers
//
// A worker, in another process and most likely on another machine, can execute a work
// whose results can be stored. The caller sends it the arguments, written like results,
// so what holds of stored results holds of arguments, too: a call with a value that
// contains itself fails, and a time in time.Local is read only where that has the same
// rules. "workgen explain" says whether a work can be executed so. If not, nothing is
// warned of, but its runner panics when it is to use workers.
//
// Keyed fields are not sent: the worker has a work of its own with equal ones. What its
// fields tagged workgen:"-" hold is its own, too. Its code has to be the same, as for a
// stored result; with version=binary it has to be the same program.
//
// A path names something else on each machine, so a work that has a key.File or a key.Dir
// among its inputs or in its results stays where it is called, unless its directive says
// portable: that all machines find the same content under it, as on a volume that they
// share. The worker reads the content of an input again, and does not execute a call
// whose key it does not get.
//
// # Code
//
// Results outlive the code that computed them, so a fingerprint of the code that
// Run reaches is part of every durable key: a change of that code makes old results
// miss. It is taken from the main module, and from what that imports of other modules of
// its workspace, but for those that go.mod replaces by a directory, whichever packages are
// named: functions, methods, types, constants, package variables with
// what initialises them, the implementers of the module's interfaces whose methods
// are called or asked for (of other interfaces, those types that are reached
// otherwise, or that arguments or fields of the work may hold),
// files that go:embed names, and all files of reached packages that are in
// C or assembly. Of reached packages, and of those they import for their effects
// alone, the functions init and the initialisers of variables (var Square =
// reg.Add("square", square)) count that can change what Run sees: that write to package
// variables which Run reaches, or hand them on, call packages of other modules that Run
// calls, too, or change the environment. They count in the order in which they are
// executed. The runner of another work stands for its Run, its argument struct
// for the types in it. Comments, formatting, the file a declaration stands in, tests,
// but for works in them, and what is not reached do not matter, nor does what this
// command generates. What other generators make is code like any other.
//
// Declarations in files with build constraints count with those of the same name
// for other systems, and so do files that import "C" as a whole, so that the fingerprint
// is the same on all. Packages of a module that a directory replaces, and those in vendor,
// count by their files. A work that reaches a module which only other systems need, and which the go
// command cannot get, is refused: run go mod download.
//
// Beside each fingerprint, workgen_code.go has what it was made from, a declaration a
// line with its hash, so that a change of it says what has changed.
//
// Other modules count as the running program has them: workgen_code.go lists the paths of
// those that Run reaches, together with those they depend on in any build, and the program
// finds their versions and checksums in its build info. So a work of a library runs with
// the keys of the versions that its program has chosen, and an update of a dependency is a
// miss but leaves generated files as they are, unless other modules are reached then. For
// a work of another module than the program's all modules count that are linked. Where
// the build info has no checksum (a folder that replaced a module only after generating, a
// test of a package other than main that reaches other modules, a build without the go
// command), the program itself counts: every build has keys of its own, and finds no
// results of another one.
//
// The standard library counts as the running program has it: by the Go release without
// its patch (go1.26), by the experiments of GOEXPERIMENT, and by the settings of GODEBUG,
// whether they come from go.mod, from a line //go:debug or from the environment.
// Settings that only trace, or that change how memory is managed and goroutines are
// scheduled, do not count. Build tags count, all that were set, and the values that
// go build -ldflags=-X gives to variables that Run reaches, or to those of other modules
// that it reaches; where -trimpath hides the flags, the variables that Run reaches and that
// can be set so are looked at when the program starts. Where generated code cannot refer to
// one (in a file for other systems, of a package main or in tests), the program itself
// counts then. None of this is in generated files. "workgen store why" says what of the build differs.
//
// With version=3 in the directive neither code nor build counts, until the number is
// raised. With version=binary the running program stands for both: nothing has to be
// generated again, and no build finds results of another one, be it "go run" after "go
// build" of the same code.
//
// The fingerprint is as old as workgen_code.go. When go generate was forgotten and the
// sources are where the program was built, as with go run and go test, a runner with a
// store finds that out when it is made: it warns, naming the declaration, and stored
// results count for that build of the program only, so that nothing of the old code is
// used, and nothing is left for it. That reads the packages of the module that are
// reached, once per process: 1 MB of Go takes about 40 ms. In an image, or with
// -trimpath, there are no sources and it costs nothing. So let a test of the module say
// when it has to be generated again:
//
//	func TestGeneratedCode(t *testing.T) { gentest.Check(t) }
//
// with package github.com/workgen/workgen/generator/gentest.
//
// # What workgen cannot see
//
// What can decide a result is in the key, or it is warned of, or it is in this list.
//
// Pointers. Which variable a pointer leads to is no part of a key. Two pointers to one
// variable and two pointers to equal variables are the same input, because an address
// means nothing in the process that finds the result tomorrow, and because Run gets
// copies, which have other addresses. So a Run that compares pointers,
//
//	func (Outline) Run(root, selected *Node) string { … if n == selected … }
//
// or uses them as keys of a map (map[*Node]bool) may get the result of a call whose
// pointers were equal where its own are not. Say which node is meant by what it holds:
// a name, a number, or the path to it.
//
// What stands beside a file. A key.File is the content of one file. A database may have
// more: SQLite in WAL mode keeps new rows in a file whose name ends in -wal. Pass a
// key.Dir, or write the rows back first (PRAGMA wal_checkpoint(TRUNCATE)).
//
// Code that only the running program knows: functions and other values that are
// assigned to variables outside of initialisers and init, what reflection finds by
// name, methods that other modules look for by interfaces which they do not export,
// functions that go:linkname supplies, plugins, what C code links. Change version= for
// those, or make them arguments.
//
// How else the program was built: whether cgo and the race detector are on, what -trimpath
// hides of -ldflags=-X for other modules, the go line of the main module's go.mod (1.26 at
// least), and the processor. Results are shared by all
// processors, although some round x*y+z once and others twice. Pass such
// things as arguments or in keyed fields (runtime.GOARCH, for results that must be exact).
//
// Code that is newer than workgen_code.go where the sources are not at hand, or were
// changed back before the program started; and, with sources, new declarations that
// nothing refers to which was reached before (a method that implements an interface, a
// variable whose initialiser has effects), and other modules of a workspace. Let CI
// execute workgen check.
//
// What is outside of the program: other programs, servers, databases, and files that
// are no arguments. Where a call reaches them with constant arguments it is warned of.
//
// Inputs of other modules that only the running program can tell: behind methods that are
// called through interfaces, functions in variables and fields, callbacks and functions
// init, except where init assigns an initial value to a variable; in files of other build
// tags than those that workgen was run with; and what is listed under Dependencies.
//
// What functions of other modules do to the process when init calls them: a function init
// that calls only packages which Run does not reach, and hands them nothing that Run
// reaches, is in no key. If such a package changes the environment or the working
// directory, that is not seen, unless it is called with constants and returns nothing but
// an error (godotenv.Load()). Nor is it seen if it calls, at once, a function that it finds
// in a field of a struct of its own; but variables which that function sets are warned of.
//
// What a field tagged workgen:"-" leads to, and what //workgen:allow, //workgen:ignore
// and //workgen:encode take your word for.
//
// # Warnings
//
// A result that depends on more than the arguments is as old as its first
// execution. Code of the main modules that the Run of a cached work reaches is
// warned of, with the way to it, where it uses
//
//	clock     time.Now, Since, Until; timers that do more than delay; runtime.Now, Today
//	          and Cron of a flow
//	zone      time.Local; time.Unix and the like, unless the time is made UTC, compared or
//	          subtracted
//	random    the functions of math/rand and math/rand/v2 without a source, crypto/rand,
//	          new keys and signatures
//	env       environment variables, arguments and flags, standard input, host, user,
//	          working and temporary directory, processors and memory
//	build     runtime.Version, debug.ReadBuildInfo, callers and stacks
//	context   values in the context
//	global    package variables that something in the module can write to after they are
//	          initialised: by assignment, by address or method, through what a function
//	          returns, from another package's init, by a flag or a decoder; runtime.Var
//	file      files, folders and templates that are read by a name which is not that of a
//	          key.File, in a key.Dir, or of a temporary file that the code has made
//	network   functions that connect or ask, with arguments that are all constant; databases
//	exec      commands
//	func      functions in fields, if code that Run does not reach puts some there: theirs
//	          is not in the key. Fields of the work itself say so by their tags
//	runner    a field of the work that holds the runner of another one and is tagged
//	          `workgen:"-"`, or whose results have a shorter ttl= than those made of them
//
// Of the types that implement an interface of the module all count in the key, but only
// those are warned of that a value can have: code that is executed names the type, or the
// value can come in an input, in a field of the work, in a package variable that can be
// set, or out of an any. A package variable is warned of once, with all its places. It does
// not count when only commands set it which do not have the work in them, nor when it is
// initialised where it is needed first (if table == nil { table = … }, sync.Once), nor when
// it only remembers what one function returns.
//
// What is only logged does not count. Package generator/ambient lists all functions, and
// what is deliberately not among them.
//
// With `workgen:"-"` the code of the other work still counts, unless version= pins that of
// its holder; its keyed fields, options and version= do not. Lifetimes that are given to
// constructors are not compared.
//
// Pass what decides on the result as an argument, or say why it does not:
//
//	//workgen:allow clock it only names a temporary file
//
// on the line, on the line above, in the doc comment of the function, or above the
// package clause for the whole package, generated files included. One that
// nothing needs is warned of, too. A place is warned of once, with the way from the
// first work that reaches it.
//
// # Flows
//
// As a tool for go vet, the command also looks at flows: functions in field Flow of a
// runtime.Loop or passed to runtime.Once, with the closures and the functions of their
// package that they call with their context. It reports
//
//	dropped    the error of a work's Run, of Call.Wait, Await, All, Each or Group.Wait is
//	           dropped or only logged, though it says when the flow is suspended
//	context    a work, Now, Today, Cron or Var.Get is given context.Background() or another
//	           context that is surely not the flow's
//	blocking   time.Sleep; receiving from timers, from Call.Done, or from channels that do
//	           not come from the flow, with select, too, unless it has a default
//	arguments  a work is given what is new on every pass: made of time.Now, random numbers
//	           or random UUIDs; or days and hours made of time.Now, in a command in which
//	           nothing but the ends of calls runs a flow again
//	cron       a constant cron expression is wrong, also outside of flows, but not in tests
//
// It says nothing where it is not sure: where a context or a channel comes out of a field
// or a parameter of unknown origin, or a variable has several values. Waiting for
// goroutines that the flow has started is fine. What is meant is silenced like warnings of
// works:
//
//	//workgen:allow flow the demonstration is to block
//
// # Dependencies
//
// Functions of other modules are looked into as well. Where reached code refers to one
// that leads to time.Now, os.Getenv, os.Open and so on, in its own package or others, that
// is warned of, once for each kind, with the way and all places that refer to it:
//
//	./load.go:12:14: warning: work Load: Run reaches os.Getenv through lib.Load, but a hit does not look at the environment again
//		m.Load.Run   method     ./load.go:11:13
//		lib.Load     function   ./load.go:12:14
//		lib.home     function   example.com/lib@v1.2.0/load.go:20:9
//		os.Getenv    env        example.com/lib@v1.2.0/home.go:31:9
//		fix: call lib.Load in the caller and pass what it returns as an argument, or write `//workgen:allow env <why>` above the line
//
// These warnings are silenced like others. They are problems only with -strict=deps. A
// file does not count where the call is given a key.File or key.Dir, nor the network where
// the call is given an input of the work.
//
// A warning means that the function can come there, not that it does: whether a condition
// holds is not looked at. So that warnings stay worth reading, these do not count inside
// of other modules:
//
//   - what happens only where more than two conditions hold (if, else, case, && and ||),
//     and what generated protobuf code of the main modules calls;
//   - packages that write logs, metrics and traces; packages, types and functions that
//     are named after those, after user agents, retries, backoff, jitter, throttling,
//     handshakes or idempotency;
//   - how long something takes or is waited for; times that are only compared with others
//     or kept in unexported fields and variables; random numbers that become durations;
//   - values of a context, functions in fields, and package variables that change;
//   - time.Unix and time.Parse, the number of processors, the process and its memory,
//     callers and stacks, standard input, signals, profiles, proxies and roots of trust.
//
// The standard library is not looked into: the list above says which of its functions
// count. What is found is kept in files, in workgen/facts below the user's cache directory
// (see os.UserCacheDir), for each version of a module, so only the first run takes longer.
package main

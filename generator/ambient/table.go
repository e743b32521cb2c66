package ambient

import (
	"strings"

	"github.com/workgen/workgen/generator/scan"
)

// runtimePath is where flows get times and variables from. A body that asks there is
// not run again when they change.
const runtimePath = "github.com/workgen/workgen/runtime"

// Table has every function, method and variable that is known.
var Table = []Rule{
	{"time", "Now Since Until AfterFunc", scan.Clock, Always},
	{"time", "After Tick NewTimer NewTicker", scan.Clock, Delaying},
	{"crypto/x509", "Certificate.Verify", scan.Clock, Always}, // and the system's roots
	{runtimePath, "Now Today Cron", scan.Clock, Always},

	{"time", "Local Time.Local", scan.Zone, Always},
	{"time", "Unix UnixMilli UnixMicro", scan.Zone, Zoned},
	{"time", "Parse", scan.Zone, Abbreviated},

	{"math/rand", "*", scan.Random, Always},
	{"math/rand/v2", "*", scan.Random, Always},
	{"crypto/rand", "*", scan.Random, Always},
	{"hash/maphash", "MakeSeed Hash.Seed Hash.Sum Hash.Sum64", scan.Random, Always},
	{"crypto/dsa", "GenerateKey GenerateParameters Sign", scan.Random, Always},
	{"crypto/ecdh", "Curve.GenerateKey", scan.Random, Always},
	{"crypto/ecdsa", "GenerateKey Sign SignASN1 PrivateKey.Sign", scan.Random, Always},
	{"crypto/ed25519", "GenerateKey", scan.Random, Always},
	{"crypto/elliptic", "GenerateKey", scan.Random, Always},
	{"crypto/hpke", "KEM.GenerateKey NewSender Seal", scan.Random, Always},
	{"crypto/mlkem", "GenerateKey768 GenerateKey1024 EncapsulationKey768.Encapsulate EncapsulationKey1024.Encapsulate", scan.Random, Always},
	{"crypto/rsa", "GenerateKey GenerateMultiPrimeKey EncryptOAEP EncryptOAEPWithOptions EncryptPKCS1v15 SignPSS", scan.Random, Always},
	{"crypto/x509", "CreateCertificate CreateCertificateRequest CreateRevocationList EncryptPEMBlock", scan.Random, Always},
	{"mime/multipart", "NewWriter", scan.Random, Always}, // the boundary
	{"testing/quick", "Check CheckEqual", scan.Random, Always},

	{"os", "Getenv LookupEnv Environ ExpandEnv Args Hostname Getwd Executable UserHomeDir UserCacheDir UserConfigDir TempDir Stdin NewFile", scan.Env, Always},
	{"os", "Getpid Getppid Getuid Geteuid Getgid Getegid Getgroups Getpagesize FindProcess", scan.Env, Always},
	{"os/user", "Current Lookup LookupId LookupGroup LookupGroupId User.GroupIds", scan.Env, Always},
	{"os/exec", "LookPath", scan.Env, Always},
	{"os/signal", "Notify NotifyContext Ignored", scan.Env, Always},
	{"path/filepath", "Abs", scan.Env, Always}, // the working directory
	{"flag", "Arg Args NArg NFlag Parse Parsed Lookup Visit VisitAll CommandLine", scan.Env, Always},
	{"expvar", "Get Do", scan.Env, Always},
	{"fmt", "Scan Scanf Scanln", scan.Env, Always},                 // the standard input
	{"mime", "TypeByExtension ExtensionsByType", scan.Env, Always}, // the system's tables
	{"net", "Interfaces InterfaceAddrs InterfaceByIndex InterfaceByName Interface.Addrs Interface.MulticastAddrs", scan.Env, Always},
	{"net/http", "ProxyFromEnvironment", scan.Env, Always},
	{"net/http/cgi", "Request Serve", scan.Env, Always},
	{"net/http/fcgi", "Serve", scan.Env, Always},
	{"runtime", "NumCPU GOMAXPROCS NumGoroutine NumCgoCall GOROOT ReadMemStats", scan.Env, Always},
	{"runtime", "BlockProfile CPUProfile GoroutineProfile MemProfile MutexProfile ThreadCreateProfile ReadTrace", scan.Env, Always},
	{"runtime/debug", "ReadGCStats", scan.Env, Always},
	{"runtime/metrics", "Read", scan.Env, Always},
	{"runtime/pprof", "Lookup Profiles Profile.Count Profile.WriteTo WriteHeapProfile StartCPUProfile", scan.Env, Always},
	{"runtime/trace", "Start FlightRecorder.WriteTo IsEnabled", scan.Env, Always},
	{"syscall", "Getenv Environ Getwd Getcwd Getpid Getppid Getpgid Getpgrp Getuid Geteuid Getgid Getegid Getgroups Getpagesize Getpriority Getrlimit Getrusage Gettid Sysinfo Uname Stdin", scan.Env, Always},
	{"testing", "Short Verbose Testing CoverMode Coverage AllocsPerRun Benchmark", scan.Env, Always},
	{"crypto/fips140", "Enabled Version", scan.Env, Always},
	{"go/build", "Default ToolDir", scan.Env, Always},
	{"log/syslog", "Dial New NewLogger", scan.Env, Always},

	{"runtime", "Caller Callers CallersFrames FuncForPC Stack Version", scan.Build, Always},
	{"runtime/debug", "ReadBuildInfo Stack", scan.Build, Always},

	{"syscall", "Gettimeofday Time Times", scan.Clock, Always},

	{"context", "Context.Value Context.Deadline", scan.Context, Always},
	{runtimePath, "Var.Get Runners Inspect", scan.Global, Always},

	{"os", "Open ReadFile ReadDir Stat Lstat Readlink DirFS OpenRoot OpenInRoot", scan.File, Named},
	{"os", "Root.Open Root.OpenRoot Root.ReadFile Root.Stat Root.Lstat Root.Readlink", scan.File, Named},
	{"os", "OpenFile Root.OpenFile", scan.File, Reading},
	{"io/ioutil", "ReadFile ReadDir", scan.File, Named},
	{"path/filepath", "Walk WalkDir Glob EvalSymlinks", scan.File, Named},
	{"syscall", "Open Stat Lstat Statfs Access Readlink Getxattr Listxattr", scan.File, Named},
	{"archive/zip", "OpenReader", scan.File, Named},
	{"crypto/tls", "LoadX509KeyPair", scan.File, Named},
	{"crypto/x509", "SystemCertPool", scan.File, Always},
	{"debug/buildinfo", "ReadFile", scan.File, Named},
	{"debug/elf", "Open", scan.File, Named},
	{"debug/macho", "Open OpenFat", scan.File, Named},
	{"debug/pe", "Open", scan.File, Named},
	{"debug/plan9obj", "Open", scan.File, Named},
	{"go/build", "Import ImportDir Context.Import Context.ImportDir Context.MatchFile", scan.File, Named},
	{"go/importer", "Default For ForCompiler", scan.File, Always},
	{"go/parser", "ParseDir", scan.File, Named},
	{"go/parser", "ParseFile", scan.File, Unsourced},
	{"html/template", "ParseFiles ParseGlob Template.ParseFiles Template.ParseGlob", scan.File, Named},
	{"text/template", "ParseFiles ParseGlob Template.ParseFiles Template.ParseGlob", scan.File, Named},
	{"net/http", "Dir.Open ServeFile", scan.File, Named},
	{"plugin", "Open", scan.File, Named},

	{"net", "Dial DialIP DialTCP DialTimeout DialUDP DialUnix Dialer.Dial Dialer.DialContext Dialer.DialIP Dialer.DialTCP Dialer.DialUDP Dialer.DialUnix", scan.Network, Fixed},
	{"net", "LookupAddr LookupCNAME LookupHost LookupIP LookupMX LookupNS LookupPort LookupSRV LookupTXT ResolveIPAddr ResolveTCPAddr ResolveUDPAddr", scan.Network, Fixed},
	{"net", "Resolver.LookupAddr Resolver.LookupCNAME Resolver.LookupHost Resolver.LookupIP Resolver.LookupIPAddr Resolver.LookupMX Resolver.LookupNS Resolver.LookupNetIP Resolver.LookupPort Resolver.LookupSRV Resolver.LookupTXT", scan.Network, Fixed},
	{"net", "Listen ListenIP ListenMulticastUDP ListenPacket ListenTCP ListenUDP ListenUnix ListenUnixgram ListenConfig.Listen ListenConfig.ListenPacket", scan.Network, Always},
	{"net/http", "Get Head Post PostForm Client.Do Client.Get Client.Head Client.Post Client.PostForm RoundTripper.RoundTrip Transport.RoundTrip", scan.Network, Fixed},
	{"net/http", "ListenAndServe ListenAndServeTLS Serve ServeTLS Server.ListenAndServe Server.ListenAndServeTLS", scan.Network, Always},
	{"net/http/httptest", "NewServer NewTLSServer NewUnstartedServer", scan.Network, Always},
	{"net/rpc", "Dial DialHTTP DialHTTPPath Client.Call Client.Go", scan.Network, Fixed},
	{"net/rpc/jsonrpc", "Dial", scan.Network, Fixed},
	{"net/smtp", "Dial SendMail", scan.Network, Fixed},
	{"net/textproto", "Dial", scan.Network, Fixed},
	{"crypto/tls", "Dial DialWithDialer Dialer.Dial Dialer.DialContext", scan.Network, Fixed},
	{"crypto/tls", "Listen", scan.Network, Always},
	{"database/sql", "Open OpenDB Drivers Conn.QueryContext Conn.QueryRowContext DB.Query DB.QueryContext DB.QueryRow DB.QueryRowContext", scan.Network, Always},
	{"database/sql", "Stmt.Query Stmt.QueryContext Stmt.QueryRow Stmt.QueryRowContext Tx.Query Tx.QueryContext Tx.QueryRow Tx.QueryRowContext", scan.Network, Always},
	{"syscall", "Connect Socket", scan.Network, Always},

	{"os/exec", "Command CommandContext Cmd{}", scan.Exec, Always},
	{"os", "StartProcess", scan.Exec, Always},
	{"syscall", "Exec ForkExec StartProcess", scan.Exec, Always},
}

// incidental are the functions and packages of Table that libraries use for reasons of
// their own, and results hardly ever show: how much is done at once, callers and stacks
// for errors and logs, the process, signals, profiles, seeds that only spread keys, how
// long something takes or is waited for, proxies, roots of trust, the time zone where it is
// not asked for by its name, and the folder that relative names of files are in: of the
// files a warning is given.
var incidental = func() map[string]bool {
	out := map[string]bool{}
	for name := range strings.FieldsSeq(`
		expvar maphash metrics pprof quick signal testing trace fips140
		runtime.NumCPU runtime.GOMAXPROCS runtime.NumGoroutine runtime.NumCgoCall runtime.ReadMemStats
		runtime.Caller runtime.Callers runtime.CallersFrames runtime.FuncForPC runtime.Stack runtime.GOROOT
		debug.Stack debug.ReadGCStats http.ProxyFromEnvironment x509.SystemCertPool x509.Certificate.Verify
		time.Since time.Until time.AfterFunc time.After time.Tick time.NewTimer time.NewTicker
		time.Unix time.UnixMilli time.UnixMicro time.Parse filepath.Abs
		os.Getpid os.Getppid os.Getpagesize os.FindProcess os.NewFile os.Stdin
		syscall.Getpid syscall.Getppid syscall.Getpgid syscall.Getpgrp syscall.Getpagesize syscall.Getpriority
		syscall.Getrlimit syscall.Getrusage syscall.Gettid syscall.Sysinfo syscall.Stdin
	`) {
		out[name] = true
	}
	return out
}()

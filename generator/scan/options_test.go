package scan_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/generator/scan"
)

// set lists the options that are set.
func set(o scan.Options) string {
	var out []string
	add(&out, "cache", o.Cache)
	add(&out, "name", o.Name)
	add(&out, "ttl", o.TTL)
	add(&out, "refresh", o.Refresh)
	add(&out, "stale", o.Stale)
	add(&out, "jitter", o.Jitter)
	add(&out, "entries", o.Entries)
	add(&out, "bytes", o.Bytes)
	add(&out, "timeout", o.Timeout)
	add(&out, "retry", o.Retry)
	add(&out, "concurrency", o.Concurrency)
	add(&out, "errors", o.Errors)
	add(&out, "version", o.Version)
	add(&out, "share", o.Share)
	return strings.Join(out, " ")
}

func add[T any](out *[]string, name string, o scan.Option[T]) {
	if o.Set {
		*out = append(*out, fmt.Sprintf("%s=%v", name, o.Value))
	} else if zero := (scan.Option[T]{}); fmt.Sprint(o) != fmt.Sprint(zero) {
		*out = append(*out, name+" is not set and not zero")
	}
}

// TestOptions puts the directive on the first line, so that a column in want
// is one in the directive.
func TestOptions(t *testing.T) {
	tests := []struct{ name, directive, set, want string }{
		{"none", "//workgen:work", "", ""},
		{"all", "//workgen:work cache=true name=n ttl=1h refresh=50m stale=2h jitter=0.1 entries=1_000 bytes=64MiB timeout=30s retry=3 concurrency=4 errors=500ms version=3 share",
			"cache=true name=n ttl=1h0m0s refresh=50m0s stale=2h0m0s jitter=0.1 entries=1000 bytes=67108864 timeout=30s retry=3 concurrency=4 errors=500ms version=3 share=true", ""},
		{"any white space separates", "//workgen:work\t cache=false  share ", "cache=false share=true", ""},
		{"text may be quoted", `//workgen:work name="two words" version=` + "`a b`", "name=two words version=a b", ""},
		{"an unknown option names the nearest", "//workgen:work tttl=1h share", "share=true", `
:16: work X: unknown option "tttl"
	fix: write ttl
`},
		{"an option like no other names all", "//workgen:work frobnicate=1", "", `
:16: work X: unknown option "frobnicate"
	fix: write one of cache, name, ttl, refresh, stale, jitter, entries, bytes, timeout, retry, concurrency, errors, version, share, memory, portable, secret
`},
		{"options are case-sensitive", "//workgen:work TTL=1h", "", `
:16: work X: unknown option "TTL"
	fix: write ttl
`},
		{"an option twice", "//workgen:work ttl=1h ttl=2h", "ttl=1h0m0s", `
:23: work X: option ttl is given twice
	fix: remove one
`},
		{"a bad bool", "//workgen:work cache=no", "", `
:16: work X: option cache=no: it must be true or false
	fix: write it like cache=false
`},
		{"a bad duration", "//workgen:work ttl=1", "", `
:16: work X: option ttl=1: it must be a Go duration above zero
	fix: write it like ttl=1h
`},
		{"a duration of zero", "//workgen:work timeout=0s", "", `
:16: work X: option timeout=0s: it must be a Go duration above zero
	fix: write it like timeout=30s
`},
		{"a negative duration", "//workgen:work errors=-1s", "", `
:16: work X: option errors=-1s: it must be a Go duration above zero
	fix: write it like errors=30s
`},
		{"a bad count", "//workgen:work entries=many", "", `
:16: work X: option entries=many: it must be a whole number from 1 to 2147483647
	fix: write it like entries=1000
`},
		{"a count of zero", "//workgen:work concurrency=0", "", `
:16: work X: option concurrency=0: it must be a whole number from 1 to 2147483647
	fix: write it like concurrency=4
`},
		{"a count too large for 32 bits", "//workgen:work entries=2147483648", "", `
:16: work X: option entries=2147483648: it must be a whole number from 1 to 2147483647
	fix: write it like entries=1000
`},
		{"bytes without a unit", "//workgen:work bytes=64", "", `
:16: work X: option bytes=64: it must be a whole number above zero with a unit: B, KiB, MiB, GiB, KB, MB or GB
	fix: write it like bytes=64MiB
`},
		{"bytes of no unit", "//workgen:work bytes=64mib", "", `
:16: work X: option bytes=64mib: it must be a whole number above zero with a unit: B, KiB, MiB, GiB, KB, MB or GB
	fix: write it like bytes=64MiB
`},
		{"bytes in hexadecimal", "//workgen:work bytes=0x1B", "", `
:16: work X: option bytes=0x1B: it must be a whole number above zero with a unit: B, KiB, MiB, GiB, KB, MB or GB
	fix: write it like bytes=64MiB
`},
		{"half a unit", "//workgen:work bytes=1.5GiB", "", `
:16: work X: option bytes=1.5GiB: it must be a whole number above zero with a unit: B, KiB, MiB, GiB, KB, MB or GB
	fix: write it like bytes=64MiB
`},
		{"no bytes", "//workgen:work bytes=0B", "", `
:16: work X: option bytes=0B: it must be a whole number above zero with a unit: B, KiB, MiB, GiB, KB, MB or GB
	fix: write it like bytes=64MiB
`},
		{"a unit alone", "//workgen:work bytes=MiB", "", `
:16: work X: option bytes=MiB: it must be a whole number above zero with a unit: B, KiB, MiB, GiB, KB, MB or GB
	fix: write it like bytes=64MiB
`},
		{"more bytes than there are", "//workgen:work bytes=8589934592GiB", "", `
:16: work X: option bytes=8589934592GiB: it must be a whole number above zero with a unit: B, KiB, MiB, GiB, KB, MB or GB
	fix: write it like bytes=64MiB
`},
		{"no jitter", "//workgen:work jitter=0", "", `
:16: work X: option jitter=0: it must be a number above 0, and at most 1
	fix: write it like jitter=0.1
`},
		{"jitter above all", "//workgen:work jitter=1.5", "", `
:16: work X: option jitter=1.5: it must be a number above 0, and at most 1
	fix: write it like jitter=0.1
`},
		{"jitter that is no number", "//workgen:work jitter=NaN", "", `
:16: work X: option jitter=NaN: it must be a number above 0, and at most 1
	fix: write it like jitter=0.1
`},
		{"jitter in words", "//workgen:work jitter=some", "", `
:16: work X: option jitter=some: it must be a number above 0, and at most 1
	fix: write it like jitter=0.1
`},
		{"bytes=5B", "//workgen:work bytes=5B", "bytes=5", ""},
		{"bytes=1GiB", "//workgen:work bytes=1GiB", "bytes=1073741824", ""},
		{"bytes=2KB", "//workgen:work bytes=2KB", "bytes=2000", ""},
		{"bytes=3MB", "//workgen:work bytes=3MB", "bytes=3000000", ""},
		{"bytes=4GB", "//workgen:work bytes=4GB", "bytes=4000000000", ""},
		{"bytes=8589934591GiB", "//workgen:work bytes=8589934591GiB", "bytes=9223372035781033984", ""},
		{"jitter=1", "//workgen:work jitter=1", "jitter=1", ""},
		{"an empty text", "//workgen:work name= version=\"\"", "", `
:16: work X: option name=: it is empty
	fix: write it like name=resize
:22: work X: option version="": it is empty
	fix: write it like version=3
`},
		{"a quote that does not close", "//workgen:work name=\"a b", "", `
:16: work X: option name="a: the quotes are not those of a Go string
	fix: write it like name=resize
:24: work X: unknown option "b"
	fix: write one of cache, name, ttl, refresh, stale, jitter, entries, bytes, timeout, retry, concurrency, errors, version, share, memory, portable, secret
`},
		{"a text that cannot be printed", `//workgen:work name="a\nb"`, "", `
:16: work X: option name="a\nb": it has characters that cannot be printed
	fix: write it like name=resize
`},
		{"a missing value", "//workgen:work ttl", "", `
:16: work X: option ttl: it needs a value
	fix: write it like ttl=1h
`},
		{"a value too many", "//workgen:work share=true", "", `
:16: work X: option share=true: it takes no value
	fix: write it like share
`},
		{"a comment behind the options", "//workgen:work share // because", "share=true", `
:22: work X: a directive cannot have a comment behind it
	fix: move the comment to a line of its own
`},
		{"no cache, and how long and how much", "//workgen:work cache=false refresh=1h stale=1h jitter=1 bytes=1B", "cache=false refresh=1h0m0s stale=1h0m0s jitter=1 bytes=1", `
:28: work X: option refresh means nothing together with cache=false
	fix: remove one of the two
:39: work X: option stale means nothing together with cache=false
	fix: remove one of the two
:48: work X: option jitter means nothing together with cache=false
	fix: remove one of the two
:57: work X: option bytes means nothing together with cache=false
	fix: remove one of the two
`},
		{"no cache but cache options", "//workgen:work ttl=1h entries=5 cache=false errors=1s timeout=1s", "cache=false ttl=1h0m0s entries=5 timeout=1s errors=1s", `
:16: work X: option ttl means nothing together with cache=false
	fix: remove one of the two
:23: work X: option entries means nothing together with cache=false
	fix: remove one of the two
:45: work X: option errors means nothing together with cache=false
	fix: remove one of the two
`},
		{"cache=true contradicts nothing", "//workgen:work ttl=1h cache=true", "cache=true ttl=1h0m0s", ""},
	}
	var sources []string
	for _, test := range tests {
		sources = append(sources, "package x\n\n"+test.directive+"\ntype X struct{}\n\nfunc (X) Run() {}\n")
	}
	results := scanAll(t, sources)
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, got := results[i].Package, results[i].problems
			want := strings.ReplaceAll(strings.TrimPrefix(test.want, "\n"), "\n:", "\n./x.go:3:")
			if want != "" {
				want = "./x.go:3" + want
			}
			if got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			if got := set(p.Works[0].Options); got != test.set {
				t.Errorf("set %s, want %s", got, test.set)
			}
		})
	}
}

func TestAnOptionThatIsNotSetIsZero(t *testing.T) {
	var o scan.Options
	if o.TTL != (scan.Option[time.Duration]{}) || set(o) != "" {
		t.Errorf("%+v", o)
	}
}

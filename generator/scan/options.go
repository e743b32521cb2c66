package scan

import (
	"errors"
	"go/token"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/load"
)

// An optionDef is one option the directive knows.
type optionDef struct {
	name string
	// example is a correct use of it, for fixes.
	example string
	// set puts a value into o; flag is set when there was no "=value". Its
	// error says what is wrong with the value.
	set func(o *Options, pos token.Pos, value string, flag bool) error
}

// optionDefs are the options of //workgen:work, in the order they are listed to
// the user.
var optionDefs = []optionDef{
	{"cache", "cache=false", valued(func(o *Options) *Option[bool] { return &o.Cache }, parseBool)},
	{"name", "name=resize", valued(func(o *Options) *Option[string] { return &o.Name }, parseText)},
	{"ttl", "ttl=1h", valued(func(o *Options) *Option[time.Duration] { return &o.TTL }, parseDuration)},
	{"refresh", "refresh=50m", valued(func(o *Options) *Option[time.Duration] { return &o.Refresh }, parseDuration)},
	{"stale", "stale=1h", valued(func(o *Options) *Option[time.Duration] { return &o.Stale }, parseDuration)},
	{"jitter", "jitter=0.1", valued(func(o *Options) *Option[float64] { return &o.Jitter }, parseFraction)},
	{"entries", "entries=1000", valued(func(o *Options) *Option[int] { return &o.Entries }, parseCount)},
	{"bytes", "bytes=64MiB", valued(func(o *Options) *Option[int64] { return &o.Bytes }, parseBytes)},
	{"timeout", "timeout=30s", valued(func(o *Options) *Option[time.Duration] { return &o.Timeout }, parseDuration)},
	{"retry", "retry=3", valued(func(o *Options) *Option[int] { return &o.Retry }, parseCount)},
	{"concurrency", "concurrency=4", valued(func(o *Options) *Option[int] { return &o.Concurrency }, parseCount)},
	{"errors", "errors=30s", valued(func(o *Options) *Option[time.Duration] { return &o.Errors }, parseDuration)},
	{"version", "version=3", valued(func(o *Options) *Option[string] { return &o.Version }, parseText)},
	{"share", "share", flagged(func(o *Options) *Option[bool] { return &o.Share })},
	{"memory", "memory", flagged(func(o *Options) *Option[bool] { return &o.Memory })},
	{"portable", "portable", flagged(func(o *Options) *Option[bool] { return &o.Portable })},
	{"secret", "secret=token", valued(func(o *Options) *Option[[]string] { return &o.Secret }, parseNames)},
}

func optionNames() []string {
	names := make([]string, len(optionDefs))
	for i, def := range optionDefs {
		names[i] = def.name
	}
	return names
}

// valued makes the setter of an option that needs a value.
func valued[T any](field func(*Options) *Option[T], parse func(string) (T, error)) func(*Options, token.Pos, string, bool) error {
	return func(o *Options, pos token.Pos, value string, flag bool) error {
		if flag {
			return errors.New("it needs a value")
		}
		v, err := parse(value)
		if err != nil {
			return err
		}
		*field(o) = Option[T]{Set: true, Value: v, Pos: pos}
		return nil
	}
}

// flagged makes the setter of an option that takes no value.
func flagged(field func(*Options) *Option[bool]) func(*Options, token.Pos, string, bool) error {
	return func(o *Options, pos token.Pos, _ string, flag bool) error {
		if !flag {
			return errors.New("it takes no value")
		}
		*field(o) = Option[bool]{Set: true, Value: true, Pos: pos}
		return nil
	}
}

func parseBool(s string) (bool, error) {
	if s != "true" && s != "false" {
		return false, errors.New("it must be true or false")
	}
	return s == "true", nil
}

// parseCount reads a Go integer literal: 1_000 and 0x400 too.
func parseCount(s string) (int, error) {
	// The bound is that of int on a 32-bit machine: generated code is the same
	// on all.
	n, err := strconv.ParseInt(s, 0, 64)
	if err != nil || n < 1 || n > math.MaxInt32 {
		return 0, errors.New("it must be a whole number from 1 to 2147483647")
	}
	return int(n), nil
}

// units are those of bytes, each behind those that it ends like.
var units = []struct {
	name  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}

// parseBytes reads a whole number with a unit behind it: 64MiB.
func parseBytes(s string) (int64, error) {
	for _, unit := range units {
		number, ok := strings.CutSuffix(s, unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(number, 10, 64) // 0x1B would be two things
		if err != nil || n < 1 || n > math.MaxInt64/unit.bytes {
			break
		}
		return n * unit.bytes, nil
	}
	return 0, errors.New("it must be a whole number above zero with a unit: B, KiB, MiB, GiB, KB, MB or GB")
}

// parseFraction reads a number above zero, and not above one.
func parseFraction(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f > 0 && f <= 1) {
		return 0, errors.New("it must be a number above 0, and at most 1")
	}
	return f, nil
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, errors.New("it must be a Go duration above zero")
	}
	return d, nil
}

// parseText takes any printable text, which may be quoted as in Go.
func parseText(s string) (string, error) {
	if strings.HasPrefix(s, `"`) || strings.HasPrefix(s, "`") {
		unquoted, err := strconv.Unquote(s)
		if err != nil {
			return "", errors.New("the quotes are not those of a Go string")
		}
		s = unquoted
	}
	if s == "" {
		return "", errors.New("it is empty")
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", errors.New("it has characters that cannot be printed")
	}
	return s, nil
}

// parseNames reads Go identifiers with commas between them.
func parseNames(s string) ([]string, error) {
	names := strings.Split(s, ",")
	for i, name := range names {
		if !token.IsIdentifier(name) {
			return nil, errors.New("it must be names of inputs with commas between them")
		}
		if slices.Contains(names[:i], name) {
			return nil, errors.New("it names " + name + " twice")
		}
	}
	return names, nil
}

// options parses the options of a work's directive. Every fault is reported at
// the option's first character, and the other options still count.
func (s *scanner) options(work string, d *directive) Options {
	o := Options{Pos: d.pos}
	seen := map[string]bool{}
	var texts []string
	for _, word := range words(d.args) {
		pos := d.argAt + token.Pos(word.at)
		if strings.HasPrefix(word.text, "//") {
			s.report(pos, work, "a directive cannot have a comment behind it", "move the comment to a line of its own")
			break
		}
		name, value, hasValue := strings.Cut(word.text, "=")
		def := lookupOption(name)
		switch {
		case def == nil:
			var rewrites []diag.Rewrite
			if near := nearest(name, optionNames()); near != "" {
				rewrites = s.out.rewrite("write "+near, pos, pos+token.Pos(len(name)), near)
			}
			s.reportRewrites(rewrites, pos, work, "unknown option "+strconv.Quote(name), "write "+suggest(name, optionNames()))
			continue
		case seen[name]:
			s.report(pos, work, "option "+name+" is given twice", "remove one")
			continue
		}
		seen[name] = true
		texts = append(texts, word.text)
		if err := def.set(&o, pos, value, !hasValue); err != nil {
			s.report(pos, work, "option "+word.text+": "+err.Error(), "write it like "+def.example)
		}
	}
	o.Text = strings.Join(texts, " ")
	s.contradictions(work, o)
	return o
}

// OptionsOf returns what the directive of a work of p says, faults aside; false when
// there is no such work.
func OptionsOf(p *load.Package, work string) (o Options, ok bool) {
	s := &scanner{Package: p, diags: new(diag.List), out: &Package{Package: p}}
	for _, f := range p.Files {
		for group, owner := range owners(f) {
			if owner.spec == nil || owner.inner || owner.spec.Name.Name != work {
				continue
			}
			for _, c := range group.List {
				if d := s.directive(c); d != nil && d.name == "work" {
					return s.options(work, d), true
				}
			}
		}
	}
	return Options{}, false
}

func lookupOption(name string) *optionDef {
	for i := range optionDefs {
		if optionDefs[i].name == name {
			return &optionDefs[i]
		}
	}
	return nil
}

// contradictions reports options that cannot have an effect together.
func (s *scanner) contradictions(work string, o Options) {
	check := func(name string, set bool, pos token.Pos, other string) {
		if set {
			s.report(pos, work, "option "+name+" means nothing together with "+other, "remove one of the two")
		}
	}
	if o.Memory.Set {
		check("version", o.Version.Set, o.Version.Pos, "memory")
		check("portable", o.Portable.Set, o.Portable.Pos, "memory")
	}
	if o.Cache.Set && !o.Cache.Value {
		check("ttl", o.TTL.Set, o.TTL.Pos, "cache=false")
		check("refresh", o.Refresh.Set, o.Refresh.Pos, "cache=false")
		check("stale", o.Stale.Set, o.Stale.Pos, "cache=false")
		check("jitter", o.Jitter.Set, o.Jitter.Pos, "cache=false")
		check("bytes", o.Bytes.Set, o.Bytes.Pos, "cache=false")
		check("entries", o.Entries.Set, o.Entries.Pos, "cache=false")
		check("errors", o.Errors.Set, o.Errors.Pos, "cache=false")
		check("memory", o.Memory.Set, o.Memory.Pos, "cache=false")
		check("portable", o.Portable.Set, o.Portable.Pos, "cache=false")
	}
}

// A word is a part of a directive's arguments.
type word struct {
	text string
	at   int // bytes from the start of the arguments
}

// words splits arguments at white space outside of quotes.
func words(args string) []word {
	var out []word
	for i := 0; i < len(args); {
		if args[i] == ' ' || args[i] == '\t' {
			i++
			continue
		}
		start := i
		for i < len(args) && args[i] != ' ' && args[i] != '\t' {
			// A quote opens only right after "=", and only if it closes.
			if args[i] == '=' {
				if q, err := strconv.QuotedPrefix(args[i+1:]); err == nil {
					i += len(q)
				}
			}
			i++
		}
		out = append(out, word{args[start:i], start})
	}
	return out
}

package scan

import (
	"strconv"
	"strings"
	"unicode"

	"go/token"
)

// A Kind is what a result may depend on besides the arguments, as it stands in
// //workgen:allow.
type Kind string

// The kinds.
const (
	Clock   Kind = "clock"   // the time
	Zone    Kind = "zone"    // the local time zone
	Random  Kind = "random"  // random numbers
	Env     Kind = "env"     // environment variables, flags, the host, the user, the process
	Build   Kind = "build"   // how and from what the program was built
	Context Kind = "context" // what the context holds
	Global  Kind = "global"  // package variables that are written to
	Network Kind = "network" // what others answer
	File    Kind = "file"    // what files hold
	Exec    Kind = "exec"    // what other programs print
	Func    Kind = "func"    // functions in fields
	Runner  Kind = "runner"  // the works whose runners a field holds
)

// kinds are all of them, in the order they are listed to the user.
var kinds = []string{
	string(Clock), string(Zone), string(Random), string(Env), string(Build), string(Context), string(Global),
	string(Network), string(File), string(Exec), string(Func), string(Runner),
}

// allow checks a directive //workgen:allow KIND WHY.
func (s *scanner) allow(d *directive) {
	const example = prefix + "allow clock only logged"
	trimmed := strings.TrimLeftFunc(d.args, unicode.IsSpace)
	pos := d.argAt + token.Pos(len(d.args)-len(trimmed))
	kind, why, _ := strings.Cut(trimmed, " ")
	switch {
	case kind == "":
		s.report(d.pos, "", prefix+"allow does not say what is allowed", "write it like "+example)
	case lookupKind(kind) == "":
		s.report(pos, "", "nothing called "+strconv.Quote(kind)+" can be allowed", "write "+suggest(kind, kinds))
	case strings.TrimSpace(why) == "":
		s.report(d.pos, "", prefix+"allow "+kind+" does not say why", "write the reason behind it, like "+example)
	}
}

// lookupKind returns the kind of that name, "" when there is none.
func lookupKind(name string) Kind {
	for _, k := range kinds {
		if k == name {
			return Kind(k)
		}
	}
	return ""
}

// An Allow is a directive //workgen:allow without fault.
type Allow struct {
	Kind Kind
	Why  string
}

// ParseAllow reads the text of a comment as //workgen:allow KIND WHY, and
// reports whether it is one without fault.
func ParseAllow(text string) (Allow, bool) {
	rest, ok := strings.CutPrefix(text, prefix+"allow ")
	if !ok {
		return Allow{}, false
	}
	name, why, _ := strings.Cut(strings.TrimLeftFunc(rest, unicode.IsSpace), " ")
	a := Allow{lookupKind(name), strings.TrimSpace(why)}
	return a, a.Kind != "" && a.Why != ""
}

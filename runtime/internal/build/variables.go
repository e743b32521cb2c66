package build

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime/debug"
	"slices"
	"strings"
	"unsafe"
)

// A Variable is one that the linker can set.
type Variable struct {
	Name string // as the linker has it: main.version
	// sum is a digest of its value, if the build info does not tell what the linker has
	// set, and the value is not that in the source.
	sum string
	// unknown says that this cannot be told.
	unknown bool
}

// Linked describes a variable, which has a value in the source, and is at an address if that
// is known.
func Linked(name, source string, at unsafe.Pointer) Variable {
	v := Variable{Name: name}
	if hidden(info()) {
		v.read(source, at)
	}
	return v
}

// hidden reports whether the build info does not tell what the linker has set.
func hidden(info *debug.BuildInfo) bool {
	return setting(info, "-ldflags") == "" && setting(info, "-trimpath") == "true"
}

// longest is a length in bytes that no value from a command line has.
const longest = 1 << 20

// read looks at the value. There is no string at the address if the type of the variable
// was changed, and go generate forgotten, or if its package is not linked.
func (v *Variable) read(source string, at unsafe.Pointer) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			v.unknown = true
		}
	}()
	if at == nil || uintptr(at)%unsafe.Alignof(source) != 0 {
		v.unknown = true
		return
	}
	switch value := (*string)(at); {
	case *value == source:
	case len(*value) > longest:
		v.unknown = true
	default:
		v.sum = valueSum(*value)
	}
}

// valueSum is a digest of a value, which may be secret.
func valueSum(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:8])
}

// variablesOf lists the variables that the linker has set (-ldflags=-X) and that count for
// a work: those that it reaches, and all of other modules that it reaches. Values may be
// secret, so there are digests of them. Where it cannot tell, unknown says why.
func variablesOf(info *debug.BuildInfo, c *Code) (lines []string, unknown string) {
	if hidden(info) {
		for _, v := range c.Variables {
			if v.unknown {
				return nil, "-trimpath hides what -ldflags set"
			}
			if v.sum != "" {
				lines = append(lines, "-X "+v.Name+": "+v.sum)
			}
		}
		return lines, ""
	}
	for target, value := range assignments(setting(info, "-ldflags")) {
		reached := slices.ContainsFunc(c.Variables, func(v Variable) bool { return v.Name == target })
		if reached || of(info, target, c) {
			lines = append(lines, "-X "+target+": "+valueSum(value))
		}
	}
	return lines, ""
}

// of reports whether a variable is in another module that r reaches: in one that is named,
// or, when the work's module is not the main one, in any but that and the program's.
func of(info *debug.BuildInfo, target string, c *Code) bool {
	inside := func(module string) bool {
		return strings.HasPrefix(target, module+"/") || strings.HasPrefix(target, module+".")
	}
	if slices.ContainsFunc(c.Modules, inside) || slices.ContainsFunc(c.Hashed, inside) {
		return true
	}
	return c.Module != mainModule(info, c.Module) && !inside(c.Module) && !inside("main") && !inside(info.Main.Path)
}

// assignments are those of -X in the flags of the linker, by variable; the last one of a
// variable holds.
func assignments(flags string) map[string]string {
	out := map[string]string{}
	fields := split(flags)
	for i, field := range fields {
		value, ok := "", false
		if field == "-X" || field == "--X" {
			if i+1 < len(fields) {
				value, ok = fields[i+1], true
			}
		} else if value, ok = strings.CutPrefix(field, "-X="); !ok {
			value, ok = strings.CutPrefix(field, "--X=")
		}
		if name, value, found := strings.Cut(value, "="); ok && found {
			out[name] = value
		}
	}
	return out
}

// split splits flags as the go command does: at spaces, but for fields in quotes. A
// pattern of packages may stand before them: all=-X ….
func split(flags string) (fields []string) {
	if pattern, rest, ok := strings.Cut(flags, "="); ok && !strings.ContainsAny(pattern, "-'\" ") {
		flags = rest
	}
	for {
		flags = strings.TrimLeft(flags, " \t\r\n")
		if flags == "" {
			return fields
		}
		field, rest := "", ""
		if quote := flags[:1]; quote == "'" || quote == `"` {
			field, rest, _ = strings.Cut(flags[1:], quote)
		} else if end := strings.IndexAny(flags, " \t\r\n"); end >= 0 {
			field, rest = flags[:end], flags[end:]
		} else {
			field = flags
		}
		fields, flags = append(fields, field), rest
	}
}

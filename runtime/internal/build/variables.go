package build

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime/debug"
	"slices"
	"strings"
)

// variablesOf lists the variables that the linker has set (-ldflags=-X) and that count for
// a work: those that it reaches, and all of other modules that it reaches. Values may be
// secret, so there are digests of them. Where it cannot tell, hidden says why.
func variablesOf(info *debug.BuildInfo, r Reach) (lines []string, hidden string) {
	flags := setting(info, "-ldflags")
	if flags == "" {
		if setting(info, "-trimpath") == "true" && len(r.Variables) > 0 {
			return nil, "-trimpath hides what -ldflags set"
		}
		return nil, ""
	}
	for target, value := range assignments(flags) {
		if slices.Contains(r.Variables, target) || of(info, target, r) {
			sum := sha256.Sum256([]byte(value))
			lines = append(lines, "-X "+target+": "+hex.EncodeToString(sum[:8]))
		}
	}
	return lines, ""
}

// of reports whether a variable is in another module that r reaches: in one that is named,
// or, when the work's module is not the main one, in any but that and the program's.
func of(info *debug.BuildInfo, target string, r Reach) bool {
	inside := func(module string) bool {
		return strings.HasPrefix(target, module+"/") || strings.HasPrefix(target, module+".")
	}
	if slices.ContainsFunc(r.Modules, inside) || slices.ContainsFunc(r.Hashed, inside) {
		return true
	}
	return r.Module != mainModule(info, r.Module) && !inside(r.Module) && !inside("main") && !inside(info.Main.Path)
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

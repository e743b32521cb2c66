package store

import "strings"

// argChanges returns what differs between two lists of inputs: in the order of the
// second, and then what only the first has.
func argChanges(was, is []Arg) (changes []ArgChange) {
	for i := range is {
		a, b := find(was, is[i].Name), &is[i]
		switch {
		case a == nil:
			changes = append(changes, ArgChange{Name: b.Name, Is: b.shown(), Secret: b.Secret, Added: true})
		case !a.equal(b):
			c := ArgChange{Name: b.Name, Secret: a.Secret || b.Secret, Retyped: a.Type != b.Type}
			if !c.Secret {
				c.Was, c.Is = a.Text, b.Text
				c.Content = a.readsLike(b) && b.Files() && b.Whole()
			}
			changes = append(changes, c)
		}
	}
	for i := range was {
		if a := &was[i]; find(is, a.Name) == nil {
			changes = append(changes, ArgChange{Name: a.Name, Was: a.shown(), Secret: a.Secret, Removed: true})
		}
	}
	return changes
}

// find returns the input of some name, or nil.
func find(args []Arg, name string) *Arg {
	for i := range args {
		if args[i].Name == name {
			return &args[i]
		}
	}
	return nil
}

// symbolChanges compares two lists of symbols, whose lines are "name hash" and sorted
// by name. It returns nothing unless both lists are there.
func symbolChanges(was, is string) []SymbolChange { return lineChanges(was, is, symbol) }

// buildChanges compares what two programs were built with: lines "name: value". Where
// there are none it is not known, or a version stands for it: it returns nothing.
func buildChanges(was, is string) (changes []BuildChange) {
	for _, c := range lineChanges(was, is, ingredient) {
		changes = append(changes, BuildChange(c))
	}
	return changes
}

// lineChanges compares two lists of names and values, one per line; cut returns those of
// a line, without a name when it is blank.
func lineChanges(was, is string, cut func(line string) (name, value string)) (changes []SymbolChange) {
	if strings.TrimSpace(was) == "" || strings.TrimSpace(is) == "" {
		return nil
	}
	values := map[string]string{}
	for line := range strings.Lines(was) {
		if name, value := cut(line); name != "" {
			values[name] = value
		}
	}
	seen := map[string]bool{}
	for line := range strings.Lines(is) {
		name, value := cut(line)
		if name == "" {
			continue
		}
		seen[name] = true
		if before := values[name]; before != value {
			changes = append(changes, SymbolChange{Name: name, Was: before, Is: value})
		}
	}
	for line := range strings.Lines(was) {
		if name, value := cut(line); name != "" && !seen[name] {
			changes = append(changes, SymbolChange{Name: name, Was: value})
		}
	}
	return changes
}

// ingredient splits a line at its first colon.
func ingredient(line string) (name, value string) {
	name, value, _ = strings.Cut(strings.TrimSpace(line), ": ")
	return name, value
}

// symbol splits a line at its last space.
func symbol(line string) (name, hash string) {
	line = strings.TrimSpace(line)
	i := strings.LastIndexByte(line, ' ')
	if i < 0 {
		return line, ""
	}
	return strings.TrimSpace(line[:i]), line[i+1:]
}

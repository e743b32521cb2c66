package plan

import (
	"slices"
	"strings"

	"github.com/workgen/workgen/generator/scan"
)

// untagged reports the fields that Run reads and that have no tag, with the tags
// that they can be given: to be told to tag a field as an input that cannot be keyed
// would lead from one error to the next.
func (p *planner) untagged(w *scan.Work) {
	for _, u := range w.Untagged {
		var keyed, rest []string
		aside := false
		for _, f := range u.Fields {
			if holdsInvalid(f.Type) {
				keyed = append(keyed, f.Name) // that has been reported
				continue
			}
			keys := p.forKeys()
			keys.fixable = p.editable
			keys.walk(f.Name, p.rootField(f.Var), f.Pos)
			if len(keys.problems) == 0 {
				keyed = append(keyed, f.Name)
				continue
			}
			rest = append(rest, p.untaggedFix(w, f, keys.problems))
			path := keys.problems[0].path
			aside = len(u.Fields) == 1 && path[len(path)-1].typ.Aside && path[len(path)-1].expr == f.Name
		}
		d := p.scan.Diagnostic(w, u, keyed, strings.Join(rest, "; "))
		if aside {
			d.Rewrites = p.scan.TagRewrites(u.Fields[0].Pos, "-")
		}
		p.diags.Add(d)
	}
}

// untaggedFix says what to do about an untagged field that cannot be keyed as it
// is: all of it.
func (p *planner) untaggedFix(w *scan.Work, f scan.Field, problems []problem) string {
	stays := false // the field, with the type that it has
	fixes := []string{"tag it `workgen:\"key\"`"}
	for _, problem := range problems {
		fix, _ := p.keyFix(w, problem, true)
		if owner, _ := p.tagged(problem); owner == nil {
			ways := p.inputFix(problem, nil, true)
			stays = stays || slices.ContainsFunc(ways, isDirective)
			fix = strings.Join(ways, ", or ")
		} else {
			stays = true
		}
		fixes = append(fixes, fix)
	}
	if !stays {
		fix, _ := p.keyFix(w, problems[0], true)
		return fix
	}
	return tagFix(f.Name) + " if it is no input; if it is one, " + strings.Join(fixes, ", and ")
}

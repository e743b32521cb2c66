package diag

import (
	"go/types"
	"strings"
)

// TypeString writes a type as people read it, in messages and in generated code: as
// [types.TypeString] does, but the same with every release of Go. They differ in whether
// they write any or interface{}.
func TypeString(t types.Type, qualify types.Qualifier) string {
	return strings.ReplaceAll(types.TypeString(t, qualify), "interface{}", "any")
}

// Package token has a result type for another package.
package token

import "time"

// Token is valid for a while.
type Token struct {
	Value string
	Valid time.Duration
}

// KeepFor returns for how long the token is valid.
func (t *Token) KeepFor() time.Duration { return t.Valid }

// Package options has works whose directives say something.
package options

import (
	"fmt"
	"strings"
	"time"
)

// All has every option that goes together.
//
//workgen:work name=everything ttl=1h30m refresh=50m stale=90s jitter=0.1 entries=100 bytes=64MiB timeout=1500ms retry=3 concurrency=4 errors=30s version=3
type All struct{}

// Run returns n.
func (All) Run(n int) int { return n }

// Small has other units.
//
//workgen:work jitter=1 bytes=1500KB
type Small struct{}

// Run returns n.
func (Small) Run(n int) int { return n }

// Uncached is executed by every call.
//
//workgen:work cache=false
type Uncached struct {
	Count int
}

// Run counts.
func (u *Uncached) Run(d time.Duration) { u.Count++ }

// Memory's results are never stored.
//
//workgen:work memory
type Memory struct{}

func (*Memory) Run(n int) int { return n }

// Login has an input that no page shows, though nothing of it is stored.
//
//workgen:work memory secret=token
type Login struct{}

// Sign has secrets that tags name: a field, and a part of an argument.
//
//workgen:work memory
type Sign struct {
	Key string `workgen:"secret"`
}

// Credentials are partly secret.
type Credentials struct {
	User     string
	Password string `workgen:"secret"`
}

// Run fails, and tells everything.
func (s *Sign) Run(by *Credentials) error { return fmt.Errorf("%s, %v", s.Key, *by) }

// Run returns the user whom a token belongs to.
func (Login) Run(site, token string) (string, error) {
	user, _, ok := strings.Cut(token, ":")
	if !ok {
		return "", fmt.Errorf("get %q: 401", site+"?token="+token)
	}
	return user, nil
}

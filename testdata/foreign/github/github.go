// Package github has works over types of github.com/google/go-github.
package github

import "github.com/google/go-github/v84/github"

// Triage takes an issue.
//
//workgen:work
//workgen:oneof any: string float64 bool []any map[string]any
type Triage struct{}

// Run returns what it got.
func (Triage) Run(issue *github.Issue, repo *github.Repository) (*github.Issue, *github.Repository) {
	return issue, repo
}

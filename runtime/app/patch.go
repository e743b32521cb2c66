package app

import (
	"bytes"
	"encoding/json"
	"strings"
)

// This file says how a page differs from what it was.

// tokens cuts a page behind each ">". That is finer than lines: of a row of a table in which one
// number has changed, only that number is sent. The script cuts in the same places.
func tokens(page string) []string {
	list := make([]string, 0, strings.Count(page, ">")+1)
	for page != "" {
		end := strings.IndexByte(page, '>') + 1
		if end == 0 {
			end = len(page)
		}
		list = append(list, page[:end])
		page = page[end:]
	}
	return list
}

// patch makes a page out of the one before it. It is a list, to be gone through beside the tokens of
// the page before:
//
//	7           the next 7 tokens stay
//	[120, 7]    7 tokens from token 120 on; what follows goes on behind them
//	"<b>12</b>" new tokens, in place of as many
//
// It is nil when the pages are the same.
func patch(before, now []string) []byte {
	p := patcher{before: before}
	var fresh strings.Builder
	flush := func() {
		if fresh.Len() > 0 {
			p.add(fresh.String())
			fresh.Reset()
		}
	}
	at := 0 // in before
	for i := 0; i < len(now); {
		n := alike(before, at, now[i:])
		if n == 0 {
			if from, m := p.find(now[i:]); m > 0 {
				flush()
				p.add([2]int{from, m})
				i, at = i+m, from+m
				continue
			}
			fresh.WriteString(now[i])
			i, at = i+1, at+1
			continue
		}
		flush()
		if n == len(now) && n == len(before) {
			return nil
		}
		p.add(n)
		i, at = i+n, at+n
	}
	flush()
	return p.json()
}

// alike counts the tokens that are the same from some place on.
func alike(before []string, at int, now []string) int {
	n := 0
	for at+n < len(before) && n < len(now) && before[at+n] == now[n] {
		n++
	}
	return n
}

type patcher struct {
	before []string
	places map[string]int // of tokens in before; made when it is needed
	ops    []any
}

// shortestMove is how many tokens must be the same elsewhere, so that this is not chance.
const shortestMove = 4

// find looks for tokens elsewhere, such as those of a row that has moved.
func (p *patcher) find(now []string) (from, n int) {
	if p.places == nil {
		p.places = make(map[string]int, len(p.before))
		for i, token := range p.before {
			if _, known := p.places[token]; !known {
				p.places[token] = i
			}
		}
	}
	from, known := p.places[now[0]]
	if !known {
		return 0, 0
	}
	if n = alike(p.before, from, now); n < shortestMove {
		return 0, 0
	}
	return from, n
}

func (p *patcher) add(op any) { p.ops = append(p.ops, op) }

func (p *patcher) json() []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.Encode(p.ops) // numbers and strings cannot fail
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

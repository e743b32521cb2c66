package scan

import "strings"

// nearest returns the word of a list that was probably meant: at most two
// letters inserted, left out, replaced or swapped, and fewer than half of them.
// It returns "" when there is none.
func nearest(word string, list []string) string {
	best, found := 3, ""
	for _, candidate := range list {
		if d := distance(strings.ToLower(word), candidate); d < best && 2*d < len(candidate) {
			best, found = d, candidate
		}
	}
	return found
}

// suggest returns the nearest word, or all of them.
func suggest(word string, list []string) string {
	if n := nearest(word, list); n != "" {
		return n
	}
	if len(list) == 1 {
		return list[0]
	}
	return "one of " + strings.Join(list, ", ")
}

// distance is the optimal string alignment distance between two short ASCII
// words.
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

package wrapper

import (
	"strings"
	"unicode"
)

// initialisms are the words that Go writes in one case, as golint had them.
var initialisms = map[string]bool{
	"ACL": true, "API": true, "ASCII": true, "CPU": true, "CSS": true, "DNS": true, "EOF": true, "GUID": true,
	"HTML": true, "HTTP": true, "HTTPS": true, "ID": true, "IP": true, "JSON": true, "LHS": true, "QPS": true,
	"RAM": true, "RHS": true, "RPC": true, "SLA": true, "SMTP": true, "SQL": true, "SSH": true, "TCP": true,
	"TLS": true, "TTL": true, "UDP": true, "UI": true, "UID": true, "URI": true, "URL": true, "UTF": true,
	"UUID": true, "VM": true, "XML": true, "XMPP": true, "XSRF": true, "XSS": true,
}

// initials writes the initialisms in a name in capitals: id → ID, userId → userID,
// httpUrl → HTTPURL, id2 → ID2. What only begins like one stays: idea, ids.
func initials(name string) string {
	var out strings.Builder
	runes := []rune(name)
	for start, i := 0, 1; i <= len(runes); i++ {
		if i < len(runes) && !begins(runes[i-1], runes[i]) {
			continue
		}
		word := string(runes[start:i])
		if upper := strings.ToUpper(word); initialisms[upper] {
			word = upper
		}
		out.WriteString(word)
		start = i
	}
	return out.String()
}

// begins reports whether a word of a name begins with r, which follows before.
func begins(before, r rune) bool {
	return before == '_' || r == '_' || unicode.IsDigit(r) != unicode.IsDigit(before) || unicode.IsUpper(r) && !unicode.IsUpper(before)
}

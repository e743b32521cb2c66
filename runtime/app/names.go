package app

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// This file is under which names the page is reached.

// host is one of Hosts, parsed.
type host struct {
	name    string   // in lower case, without a port
	origins []string // of pages there, as browsers name them
}

// parseHost reads a name, with a port and a scheme if need be.
func parseHost(text string) (host, error) {
	scheme, rest, given := strings.Cut(strings.ToLower(text), "://")
	schemes := []string{scheme}
	if !given {
		rest, schemes = scheme, []string{"http", "https"}
	}
	u, err := url.Parse("//" + rest)
	if err != nil || u.Host != rest || bare(rest) == "" || given && scheme != "http" && scheme != "https" {
		return host{}, fmt.Errorf("app: host %q is none: give a name such as builds.example.com, or how browsers address it, such as https://builds.example.com:8443", text)
	}
	h := host{name: bare(rest)}
	for _, s := range schemes {
		usual := map[string]string{"http": ":80", "https": ":443"}[s]
		h.origins = append(h.origins, s+"://"+strings.TrimSuffix(rest, usual))
	}
	return h, nil
}

// bare returns the name in a host that may have a port.
func bare(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// answersTo has the handler be reached by Hosts, and by what the address in front of it
// is to a browser. They were checked.
func (h *handler) answersTo(hosts []string, same *http.CrossOriginProtection) {
	for _, text := range hosts {
		own, err := parseHost(text)
		for _, origin := range own.origins {
			err = cmp.Or(err, same.AddTrustedOrigin(origin))
		}
		if err == nil {
			h.names = append(h.names, own.name)
		}
	}
}

// isOurs tells whether a request's host is a name of this app. Whoever makes a
// name of his own point here cannot make it an IP address or localhost.
func (h *handler) isOurs(asked string) bool {
	name := bare(asked)
	if name == "localhost" || slices.Contains(h.names, name) {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && (ip.IsLoopback() || !h.local)
}

// servedAt are the settings of the handler that is served on what listens at addr.
func servedAt(addr string, l net.Listener) settings {
	s := settings{local: isLoopback(l), names: []string{bare(addr)}}
	if name, err := os.Hostname(); err == nil && !s.local {
		s.names = append(s.names, bare(name))
	}
	return s
}

// pageURL is the page's address for a browser, on this machine at least. asked is where it
// was to be served, and at is where it is.
func pageURL(asked string, at *net.TCPAddr) string {
	name, _, _ := net.SplitHostPort(asked)
	switch _, err := netip.ParseAddr(name); {
	case name != "" && err != nil: // as it was asked for
	case at.IP.IsUnspecified():
		name = thisMachine()
	default:
		name = (&net.IPAddr{IP: at.IP, Zone: at.Zone}).String()
	}
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(name, strconv.Itoa(at.Port)), Path: "/view"}
	return u.String()
}

// thisMachine is a name or an address of this machine by which it finds itself, and others
// most likely, too.
func thisMachine() string {
	own := map[string]bool{}
	address := "127.0.0.1"
	all, _ := net.InterfaceAddrs()
	for _, a := range all {
		if ip, ok := a.(*net.IPNet); ok {
			own[ip.IP.String()] = true
			if address == "127.0.0.1" && ip.IP.To4() != nil && ip.IP.IsGlobalUnicast() {
				address = ip.IP.String()
			}
		}
	}
	name, err := os.Hostname()
	if err != nil {
		return address
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	found, _ := net.DefaultResolver.LookupHost(ctx, name)
	if !slices.ContainsFunc(found, func(ip string) bool { return own[ip] || strings.HasPrefix(ip, "127.") }) {
		return address
	}
	return name
}

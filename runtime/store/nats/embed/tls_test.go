package embed_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"

	"github.com/workgen/workgen/runtime/store/nats"
	"github.com/workgen/workgen/runtime/store/nats/embed"
)

// TestClientsOverTLS: who knows the certificate of the server gets what it keeps, and who does not
// gets nothing and is told why.
func TestClientsOverTLS(t *testing.T) {
	cert, known := certificate(t)
	s, err := embed.Open(ctx, embed.Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", Logger: quiet, Configure: func(o *server.Options) {
		o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
		o.TLSTimeout = 5
		o.TLS = true
	}}, nats.Options{Connect: []natsgo.Option{natsgo.Secure(&tls.Config{RootCAs: known, ServerName: "127.0.0.1"})}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	put(t, s)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(strings.TrimPrefix(s.Server.URL(), "tls://"), "nats://"))
	if err != nil {
		t.Fatal(err)
	}
	url := "tls://127.0.0.1:" + port
	other, err := nats.Open(ctx, nats.Options{URL: url, Connect: []natsgo.Option{natsgo.Secure(&tls.Config{RootCAs: known})}})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	wantResult(t, other)
	if state, err := connection(t, url, known); err != nil || !state.HandshakeComplete {
		t.Errorf("the connection is not encrypted: %v", err)
	}
	for name, known := range map[string]*x509.CertPool{"those that the system knows": nil, "none": x509.NewCertPool()} {
		s, err := nats.Open(ctx, nats.Options{URL: url, Connect: []natsgo.Option{natsgo.Secure(&tls.Config{RootCAs: known})}})
		if err == nil {
			_ = s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "certificate signed by unknown authority") {
			t.Errorf("trusting %s: %v", name, err)
		}
	}
}

// connection connects, and returns what of it is encrypted.
func connection(t *testing.T, url string, known *x509.CertPool) (tls.ConnectionState, error) {
	t.Helper()
	nc, err := natsgo.Connect(url, natsgo.Secure(&tls.Config{RootCAs: known}))
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer nc.Close()
	return nc.TLSConnectionState()
}

// certificate makes one for the loopback, and returns who knows it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	known := x509.NewCertPool()
	known.AddCert(c)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}, known
}

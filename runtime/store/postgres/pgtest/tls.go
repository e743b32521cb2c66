//go:build unix

package pgtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// StartTLS starts a server that listens on the loopback as well, to those who use TLS and have a
// password. It returns how to connect, but for the user, the password and what of TLS is checked, and
// the file with the certificate that signed the server's own.
func StartTLS(t testing.TB) (s *Server, url, authority string) {
	t.Helper()
	files := t.TempDir()
	if err := os.Chmod(filepath.Dir(files), 0o755); err != nil { // the server has another user
		t.Fatal(err)
	}
	authority, cert, key := certify(t, files)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close() // nobody else gets it that soon
	s = Start(t)
	s.Kill()
	s.port = port
	s.args = append(s.args, "-c", "listen_addresses=127.0.0.1", "-p", strconv.Itoa(port),
		"-c", "ssl=on", "-c", "ssl_cert_file="+cert, "-c", "ssl_key_file="+key)
	hba := "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
	if err := os.WriteFile(filepath.Join(s.dir, "data", "pg_hba.conf"), []byte(hba), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s, "host=127.0.0.1 dbname=postgres port=" + strconv.Itoa(port), authority
}

// certify makes an authority, and a certificate for the loopback that it has signed, and returns the
// files with both and with the key.
func certify(t testing.TB, dir string) (authority, cert, key string) {
	t.Helper()
	issue := func(subject string, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, []byte) {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c := &x509.Certificate{
			SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: subject},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: parent == nil, BasicConstraintsValid: true,
		}
		if parent == nil {
			parent, by = c, k
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, &k.PublicKey, by)
		if err != nil {
			t.Fatal(err)
		}
		return c, k, der
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
		if as := owner(); err == nil && as != nil {
			err = os.Chown(path, int(as.Uid), int(as.Gid))
		}
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	parent, by, der := issue("authority", nil, nil)
	authority = write("authority.pem", "CERTIFICATE", der)
	_, k, der := issue("server", parent, by)
	cert = write("server.pem", "CERTIFICATE", der)
	der, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return authority, cert, write("server.key", "EC PRIVATE KEY", der)
}

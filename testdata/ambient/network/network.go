package p

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"os/exec"
	"strings"
)

//workgen:work
type Network struct {
	HTTP *http.Client `workgen:"-"`
	DB   *sql.DB      `workgen:"-"`
	Base string       `workgen:"key"`
}

const host = "https://example.com"

func (w *Network) Run(ctx context.Context, path string) (int, error) {
	resp, err := w.HTTP.Get(w.Base + path)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	n, err := w.fixed(ctx)
	if err != nil {
		return 0, err
	}
	m, err := w.do(ctx, host+"/"+path)
	if err != nil {
		return 0, err
	}
	rows, err := w.DB.QueryContext(ctx, "select 1", path) // want sql.DB.QueryContext
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	cmd := &exec.Cmd{Path: "/bin/date"} // want exec.Cmd
	out, err := cmd.Output()
	return n + m + len(out), err
}

func (w *Network) fixed(ctx context.Context) (int, error) {
	req, err := http.NewRequestWithContext(ctx, "POST", host, strings.NewReader("x"))
	if err != nil {
		return 0, err
	}
	resp, err := w.HTTP.Do(req) // want http.Client.Do
	if err != nil {
		return 0, err
	}
	b, err := io.ReadAll(resp.Body)
	return len(b), err
}

func (w *Network) do(ctx context.Context, url string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := w.HTTP.Do(req)
	if err != nil {
		return 0, err
	}
	return int(resp.ContentLength), nil
}

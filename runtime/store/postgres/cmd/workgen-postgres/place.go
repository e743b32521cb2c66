package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/storecmd"
)

// A place is where a store is.
type place struct {
	url       string // what it leaves out comes from the environment, as for psql
	namespace string

	does string // what is done with the store: reads, writes or migrates
}

const (
	reads    = "reads"
	writes   = "writes"
	migrates = "migrates"
)

// open opens the store. Tables that are not there, or of another version, stay as they are. The
// history is bounded by programs, which know by how much.
func (p *place) open(ctx context.Context, a storecmd.Access) (store.Administrator, string, error) {
	if p.does = writes; a.ReadOnly {
		p.does = reads
	}
	s, err := postgres.Open(ctx, postgres.Options{
		URL: p.url, Namespace: p.namespace, ReadOnly: a.ReadOnly, NoMigrate: true, Manual: true,
		MaxAge: a.MaxAge, History: -1, HistoryAge: -1, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, "", err
	}
	return s, p.String(), nil
}

// String says where the store is, without passwords.
func (p *place) String() string {
	c, err := pgx.ParseConfig(p.url)
	if err != nil {
		return "namespace " + p.namespace
	}
	return "namespace " + p.namespace + " of database " + database(c)
}

// database names a database.
func database(c *pgx.ConnConfig) string {
	host := net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	if path.IsAbs(c.Host) {
		host = c.Host // the folder of a socket
	}
	return cmp.Or(c.Database, c.User) + " on " + host
}

// explain says in the words of this command what an error of the store comes from, and what can be
// done.
func (p *place) explain(err error) error {
	var version *postgres.VersionError
	var refused *pgconn.PgError
	var unconnected *pgconn.ConnectError
	switch {
	case errors.As(err, &refused) && refused.Code == insufficientPrivilege:
		return p.explainRights(refused)
	case errors.As(err, &version):
		return p.explainVersion(version)
	case errors.As(err, &unconnected):
		return p.explainConnection(unconnected)
	}
	return err
}

// insufficientPrivilege is PostgreSQL's code for errors of those who have no rights.
const insufficientPrivilege = "42501"

// explainRights says which rights are needed, and who can give them.
func (p *place) explainRights(e *pgconn.PgError) error {
	user := "role"
	if c, err := pgx.ParseConfig(p.url); err == nil {
		user = c.User
	}
	set := rights[postgres.Worker]
	switch p.does {
	case migrates:
		return fmt.Errorf("%s may not do that in %s: %s\nlet the owner of the tables do it or, if there are none yet, somebody who may create schemas in the database",
			user, p, e.Message)
	case reads:
		set = rights[postgres.Reader]
	}
	return fmt.Errorf("%s may not do that in %s: %s\nhave the owner of the tables execute what this prints: %s grants %s %s%s",
		user, p, e.Message, name, set, user, p.flag())
}

// explainConnection says why there is no connection: each reason once, though several ways to
// connect were tried.
func (p *place) explainConnection(e *pgconn.ConnectError) error {
	var lines []string
	for line := range strings.SplitSeq(e.Error(), "\n") {
		line = strings.TrimSpace(line)
		if n := len(lines); n == 0 || !strings.HasSuffix(lines[n-1], line) {
			lines = append(lines, line)
		}
	}
	if p.url == "" && os.Getenv("PGHOST") == "" && os.Getenv("PGSERVICE") == "" {
		lines = append(lines, "name the server with -store, or with PGHOST and so on")
	}
	return errors.New(strings.Join(lines, "\n"))
}

// flag is the flag for the namespace, if it is needed.
func (p *place) flag() string {
	if p.namespace == postgres.DefaultNamespace {
		return ""
	}
	return " -namespace " + p.namespace
}

// explainVersion says why tables cannot be used, and if there are none, where there are some.
func (p *place) explainVersion(e *postgres.VersionError) error {
	switch {
	case e.Have == 0:
		others := "none"
		if names, err := p.namespaces(); err != nil {
			others = err.Error()
		} else if len(names) > 0 {
			others = strings.Join(names, ", ")
		}
		return fmt.Errorf("there is no store in %s; the namespaces with one: %s\n%s migrate%s makes one", p, others, name, p.flag())
	case e.Have < e.Knows:
		return fmt.Errorf("the tables in %s have version %d, and this command needs version %d: %s migrate%s brings them there",
			p, e.Have, e.Knows, name, p.flag())
	}
	return fmt.Errorf("the tables in %s have version %d, and this command knows versions up to %d: use a newer one", p, e.Have, e.Knows)
}

// namespaces returns the names of those that have tables.
func (p *place) namespaces() ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, p.url)
	if err != nil {
		return nil, err
	}
	defer c.Close(ctx)
	rows, err := c.Query(ctx, `SELECT n.nspname FROM pg_catalog.pg_namespace n
		WHERE (SELECT count(*) FROM pg_catalog.pg_class t WHERE t.relnamespace = n.oid AND t.relkind = 'r'
			AND t.relname IN ('version', 'execution', 'scope', 'mark')) = 4
		ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Command commits is put into checkouts of sqlc. It has works over parts of it, small
// ones first, and the whole of it last.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sqlc-dev/sqlc/internal/cmd"
	"github.com/sqlc-dev/sqlc/internal/config"
	"github.com/sqlc-dev/sqlc/internal/engine/dolphin"
	"github.com/sqlc-dev/sqlc/internal/engine/sqlite"
	"github.com/sqlc-dev/sqlc/internal/inflection"
	"github.com/sqlc-dev/sqlc/internal/metadata"
	"github.com/sqlc-dev/sqlc/internal/migrations"
	"github.com/sqlc-dev/sqlc/internal/source"
)

// Up removes from a migration what undoes it.
//
//workgen:work
type Up struct{}

func (Up) Run(text string) string { return migrations.RemoveRollbackStatements(text) }

// Line finds the line of an offset.
//
//workgen:work
type Line struct{}

func (Line) Run(text string, at int) string { return fmt.Sprint(source.LineNumber(text, at)) }

// Singular turns a plural.
//
//workgen:work
type Singular struct{}

func (Singular) Run(word string) string {
	return inflection.Singular(inflection.SingularParams{Name: word})
}

// Named parses the comment that names a query.
//
//workgen:work
type Named struct{}

func (Named) Run(text string) string {
	name, kind, err := metadata.ParseQueryNameAndType(text, metadata.CommentSyntax{Dash: true})
	return fmt.Sprint(name, kind, err)
}

// Settings parses a configuration.
//
//workgen:work
type Settings struct{}

func (Settings) Run(text string) string {
	c, err := config.ParseConfig(strings.NewReader(text))
	return fmt.Sprint(c.Version, len(c.SQL), err)
}

// Lite counts the statements of SQLite.
//
//workgen:work
type Lite struct{}

func (Lite) Run(text string) (out string) {
	statements, err := sqlite.NewParser().Parse(strings.NewReader(text))
	for _, s := range statements {
		out += fmt.Sprintf("%T %d %d\n", s.Raw.Stmt, s.Raw.StmtLocation, s.Raw.StmtLen)
	}
	return out + fmt.Sprint(err)
}

// Dolphin counts those of MySQL.
//
//workgen:work
type Dolphin struct{}

func (Dolphin) Run(text string) (out string) {
	statements, err := dolphin.NewParser().Parse(strings.NewReader(text))
	for _, s := range statements {
		out += fmt.Sprintf("%T %d %d\n", s.Raw.Stmt, s.Raw.StmtLocation, s.Raw.StmtLen)
	}
	return out + fmt.Sprint(err)
}

// Generate is all of sqlc.
//
//workgen:work
type Generate struct{}

func (Generate) Run(settings, schema, queries string) (string, error) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	for name, text := range map[string]string{"sqlc.json": settings, "schema.sql": schema, "query.sql": queries} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	var said bytes.Buffer
	cmd.Do([]string{"generate", "--file", filepath.Join(dir, "sqlc.json")}, strings.NewReader(""), &said, &said)
	out := strings.ReplaceAll(said.String(), dir, "")
	for _, name := range []string{"db.go", "models.go", "query.sql.go"} {
		text, _ := os.ReadFile(filepath.Join(dir, "db", name))
		out += string(text)
	}
	return out, nil
}

func main() {
	up, line, singular, named := NewUpRunner(&Up{}, stored), NewLineRunner(&Line{}, stored), NewSingularRunner(&Singular{}, stored), NewNamedRunner(&Named{}, stored)
	settings, lite, dolphin, generate := NewSettingsRunner(&Settings{}, stored), NewLiteRunner(&Lite{}, stored), NewDolphinRunner(&Dolphin{}, stored), NewGenerateRunner(&Generate{}, stored)
	for _, text := range []string{"create table a;\n-- +goose Down\ndrop table a;\n", "-- migrate:up\na\n-- migrate:down\nb\n", "a\n---- create above / drop below ----\nb\n"} {
		call("Up", text, up.Key(text), func() (string, error) { return up.Run(ctx, text) })
		call("Line", text, line.Key(text, 17), func() (string, error) { return line.Run(ctx, text, 17) })
	}
	for _, word := range []string{"authors", "campus", "calories", "oxen"} {
		call("Singular", word, singular.Key(word), func() (string, error) { return singular.Run(ctx, word) })
	}
	for _, text := range []string{"-- name: GetAuthor :one\n", "-- name: :one\n", "-- name: List :many x\n", "select 1"} {
		call("Named", text, named.Key(text), func() (string, error) { return named.Run(ctx, text) })
	}
	const v2 = `{"version": "2", "sql": [{"engine": %q, "schema": "schema.sql", "queries": "query.sql", "gen": {"go": {"package": "db", "out": "db"}}}]}`
	for _, text := range []string{fmt.Sprintf(v2, "mysql"), `{"version": "3"}`, `version: "1"`} {
		call("Settings", text, settings.Key(text), func() (string, error) { return settings.Run(ctx, text) })
	}
	const schema = "CREATE TABLE authors (\n\tid INTEGER PRIMARY KEY,\n\tname VARCHAR(20) NOT NULL,\n\tbio TEXT\n);\n"
	const queries = "-- name: GetAuthor :one\nSELECT * FROM authors WHERE id = ? LIMIT 1;\n\n-- name: Rename :exec\nUPDATE authors SET name = ? WHERE id = ?;\n"
	for _, text := range []string{schema, queries, "SELECT FROM;"} {
		call("Lite", text, lite.Key(text), func() (string, error) { return lite.Run(ctx, text) })
		call("Dolphin", text, dolphin.Key(text), func() (string, error) { return dolphin.Run(ctx, text) })
	}
	for _, engine := range []string{"sqlite", "mysql"} {
		text := fmt.Sprintf(v2, engine)
		call("Generate", engine, generate.Key(text, schema, queries), func() (string, error) { return generate.Run(ctx, text, schema, queries) })
	}
	tell()
}

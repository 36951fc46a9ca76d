package main

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// newDatabase creates a database with one row of each kind, encrypted with the key.
func newDatabase(t *testing.T, key string) (database, keyFile string, db *sql.DB) {
	t.Helper()
	dir := t.TempDir()
	database, keyFile = filepath.Join(dir, "gitea.db"), filepath.Join(dir, "secret-key")
	if err := os.WriteFile(keyFile, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	must := func(text string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	member := `{"Host":"ldap","Port":9007199254740993,"BindPasswordEncrypt":"` + must(plain.encrypt(key, "bind")) + `"}`
	for _, statement := range []struct {
		sql  string
		args []any
	}{
		{sql: "PRAGMA journal_mode = WAL"},
		{sql: "CREATE TABLE app_state (id TEXT PRIMARY KEY, revision INTEGER, content TEXT)"},
		{sql: "CREATE TABLE secret (id INTEGER PRIMARY KEY, data TEXT)"},
		{sql: "CREATE TABLE webhook (id INTEGER PRIMARY KEY, header_authorization_encrypted TEXT)"},
		{sql: "CREATE TABLE two_factor (id INTEGER PRIMARY KEY, secret TEXT)"},
		{sql: "CREATE TABLE login_source (id INTEGER PRIMARY KEY, cfg TEXT)"},
		{sql: "CREATE TABLE task (id INTEGER PRIMARY KEY, payload_content TEXT)"},
		{"INSERT INTO secret VALUES (1, ?), (2, ?)", []any{must(plain.encrypt(key, "one")), must(plain.encrypt(key, "two"))}},
		{"INSERT INTO webhook VALUES (1, ''), (2, ?)", []any{must(plain.encrypt(key, "Bearer x"))}},
		{"INSERT INTO two_factor VALUES (1, ?)", []any{must(twoFactor.encrypt(key, "totp"))}},
		{"INSERT INTO login_source VALUES (1, ?), (2, '{\"Provider\":\"x\"}')", []any{member}},
		{"INSERT INTO task VALUES (1, ?)", []any{`{"auth_token_encrypted":"` + must(plain.encrypt(key, "token")) + `"}`}},
	} {
		if _, err := db.Exec(statement.sql, statement.args...); err != nil {
			t.Fatalf("%s: %v", statement.sql, err)
		}
	}
	return database, keyFile, db
}

// check fails the test unless every row decrypts with the key.
func check(t *testing.T, db *sql.DB, key string) {
	t.Helper()
	var data, header, totp, cfg string
	if err := db.QueryRow(`SELECT s.data, w.header_authorization_encrypted, f.secret, json_extract(l.cfg, '$.BindPasswordEncrypt')
		FROM secret s, webhook w, two_factor f, login_source l WHERE s.id = 2 AND w.id = 2 AND f.id = 1 AND l.id = 1`).
		Scan(&data, &header, &totp, &cfg); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		cipher cipher
		text   string
		want   string
	}{{plain, data, "two"}, {plain, header, "Bearer x"}, {twoFactor, totp, "totp"}, {plain, cfg, "bind"}} {
		if got, err := tt.cipher.decrypt(key, tt.text); err != nil || got != tt.want {
			t.Errorf("got %q and %v, want %q", got, err, tt.want)
		}
	}
}

func TestRekey(t *testing.T) {
	t.Parallel()
	database, keyFile, db := newDatabase(t, "old")
	if err := rekey(database, keyFile); err != nil {
		t.Fatal(err)
	}
	key, err := readKey(keyFile)
	if err != nil || key == "old" {
		t.Fatalf("got key %q and %v, want a new one", key, err)
	}
	check(t, db, key)
	var port, empty string
	if err := db.QueryRow("SELECT json_extract(cfg, '$.Port'), (SELECT header_authorization_encrypted FROM webhook WHERE id = 1) FROM login_source WHERE id = 1").
		Scan(&port, &empty); err != nil || port != "9007199254740993" || empty != "" {
		t.Errorf("got %s, %q and %v, want what was not encrypted as it was", port, empty, err)
	}
	if _, err := os.Stat(keyFile + ".next"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want no other key left", err)
	}
}

// TestRekeyInterrupted stops rekey after each of its steps; the next call continues.
func TestRekeyInterrupted(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(database, next string) error{
		"after the key":         func(string, string) error { return nil },
		"after the transaction": func(database, next string) error { return convert(database, "old", "new") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database, keyFile, db := newDatabase(t, "old")
			next := keyFile + ".next"
			if err := os.WriteFile(next, []byte("new"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := stop(database, next); err != nil {
				t.Fatal(err)
			}
			if err := rekey(database, keyFile); err != nil {
				t.Fatal(err)
			}
			if key, err := readKey(keyFile); err != nil || key != "new" {
				t.Fatalf("got key %q and %v, want the one that the interrupted call left", key, err)
			}
			check(t, db, "new")
		})
	}
}

// TestRekeyRefused holds that nothing changes when a row does not decrypt.
func TestRekeyRefused(t *testing.T) {
	t.Parallel()
	database, keyFile, db := newDatabase(t, "old")
	strange, err := plain.encrypt("another", "a text that is long enough to tell")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("INSERT INTO secret VALUES (3, ?)", strange); err != nil {
		t.Fatal(err)
	}
	if err := rekey(database, keyFile); err == nil || errors.Is(err, errInterrupted) {
		t.Errorf("got %v, want a refusal", err)
	}
	check(t, db, "old")
	if key, err := readKey(keyFile); err != nil || key != "old" {
		t.Errorf("got key %q and %v, want the old one", key, err)
	}
	if _, err := os.Stat(keyFile + ".next"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want no other key left", err)
	}
}

package main

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"code.gitea.io/gitea/modules/generate"
	_ "github.com/mattn/go-sqlite3" // Gitea's own driver
)

// marker is the row of app_state with the fingerprint of the key that the rows belong to.
// There is none before the key is replaced for the first time.
const marker = "gitops-pipeline-secret-key"

// errInterrupted means that it is unknown which key the rows belong to, or that the key
// file does not contain that key yet.
var errInterrupted = errors.New("interrupted; run it again before Gitea starts")

// rekey generates a new key, unless an interrupted call has left one, and encrypts all
// rows with it.
func rekey(database, keyFile string) error {
	next := keyFile + ".next"
	old, err := readKey(keyFile)
	if err != nil {
		return err
	}
	if _, err := os.Stat(next); errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(next); err != nil {
			return err
		}
	}
	key, err := readKey(next)
	if err != nil {
		return err
	}
	if err := convert(database, old, key); err != nil {
		if !errors.Is(err, errInterrupted) {
			err = errors.Join(err, os.Remove(next))
		}
		return err
	}
	if err := errors.Join(os.Rename(next, keyFile), syncFile(filepath.Dir(keyFile))); err != nil {
		return fmt.Errorf("replacing the key file: %w: %w", errInterrupted, err)
	}
	return nil
}

// convert encrypts every row with the new key in one transaction. It does nothing if an
// interrupted call has committed that transaction.
func convert(database, old, key string) error {
	if _, err := os.Stat(database); err != nil {
		return fmt.Errorf("looking for the database: %w", err)
	}
	source := url.URL{Scheme: "file", Opaque: database, RawQuery: "_busy_timeout=10000&_txlock=immediate&_synchronous=EXTRA"}
	db, err := sql.Open("sqlite3", source.String())
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit

	var belongs string
	err = tx.QueryRow("SELECT content FROM app_state WHERE id = ?", marker).Scan(&belongs)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("reading which key the rows belong to: %w", err)
	}
	if belongs == fingerprint(key) {
		return nil
	}
	for _, c := range columns {
		if err := c.convert(tx, old, key); err != nil {
			return fmt.Errorf("encrypting %s.%s with the new key: %w", c.table, c.column, err)
		}
	}
	if _, err := tx.Exec("INSERT INTO app_state (id, revision, content) VALUES (?, 1, ?) "+
		"ON CONFLICT (id) DO UPDATE SET revision = revision + 1, content = excluded.content", marker, fingerprint(key)); err != nil {
		return fmt.Errorf("recording which key the rows belong to: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing the rows: %w: %w", errInterrupted, err)
	}
	return nil
}

// fingerprint identifies a key. It does not help to guess the key, which is random.
func fingerprint(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func readKey(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading the key: %w", err)
	}
	key := strings.TrimSpace(string(text))
	if key == "" {
		return "", fmt.Errorf("reading the key: %s is empty", file)
	}
	return key, nil
}

// makeKey writes a new key atomically, and waits until it is on the disk: without the key
// the rows would be lost.
func makeKey(file string) error {
	key, err := generate.NewSecretKey()
	if err != nil {
		return fmt.Errorf("generating a key: %w", err)
	}
	half := file + ".half"
	err = errors.Join(os.WriteFile(half, []byte(key), 0o600), syncFile(half))
	if err = errors.Join(err, os.Rename(half, file), syncFile(filepath.Dir(file))); err != nil {
		return fmt.Errorf("writing the new key: %w", err)
	}
	return nil
}

// syncFile waits until a file, or the list of files in a directory, is on the disk.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

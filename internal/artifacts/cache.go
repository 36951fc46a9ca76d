// Package artifacts builds the programs that the pipeline uses from pinned Go
// modules: Gitea, its runner, the Pulumi CLI and its plugins, and the programs of
// this project's own images.
//
// Every artifact is content-addressed: its name carries the hash of all that
// went into it, so nothing is built twice and a changed pin rebuilds what
// depends on it.
package artifacts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// CacheDir is the directory of built artifacts, shared by all clones of one user.
func CacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache directory: %w; set XDG_CACHE_HOME", err)
	}
	dir := filepath.Join(base, "gitops-pipeline")
	return dir, os.MkdirAll(dir, 0o755)
}

// Cached returns the directory of the artifact name with the given hash, building
// it first if it is not there. The build fills a temporary directory that gets its
// final name only when it is complete; a lock keeps a second process from building
// the same artifact at the same time.
func Cached(ctx context.Context, name, hash string, out *Progress, build func(dir string) error) (string, error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	final := filepath.Join(cache, name+"-"+hash)
	if exists(final) {
		return final, nil
	}
	unlock, err := Lock(ctx, filepath.Join(cache, name+".lock"), name, out)
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(final) {
		return final, nil
	}
	// Under the lock, a temporary directory of this artifact can only be what an
	// interrupted build left.
	tmp := filepath.Join(cache, "tmp-"+name)
	if err := os.RemoveAll(tmp); err != nil {
		return "", fmt.Errorf("clearing an interrupted build of %s: %w", name, err)
	}
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	if err := out.Step(name, func() error { return build(tmp) }); err != nil {
		return "", fmt.Errorf("building %s: %w", name, err)
	}
	if err := os.Rename(tmp, final); err != nil {
		return "", fmt.Errorf("keeping %s: %w", name, err)
	}
	return final, nil
}

// Lock takes the lock file at path, saying so when it has to wait.
func Lock(ctx context.Context, path, name string, out io.Writer) (unlock func(), err error) {
	l := flock.New(path)
	ok, err := l.TryLock()
	if err == nil && !ok {
		fmt.Fprintf(out, "waiting for another process that builds %s\n", name)
		_, err = l.TryLockContext(ctx, 200*time.Millisecond)
	}
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return func() { _ = l.Unlock() }, nil
}

// Hash is the content address of the given strings and files: 16 hex digits
// of their SHA-256.
func Hash(words []string, files ...string) (string, error) {
	h := sha256.New()
	for _, w := range words {
		fmt.Fprintf(h, "%d:%s\n", len(w), w)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return "", fmt.Errorf("hashing a pin: %w", err)
		}
		fmt.Fprintf(h, "%s %d:", filepath.Base(f), len(b))
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

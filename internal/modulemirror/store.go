package modulemirror

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/goproxy/goproxy"
)

const (
	usedStep = time.Hour // how exactly the time of the last use is known
	block    = 4 << 10   // bytes that a file takes at least
)

// file is a file that is kept. Its time of change is that of its last use.
type file struct {
	size int64
	used time.Time
}

// store keeps files in a directory. When they take more than the limit, those go that were used
// longest ago.
type store struct {
	goproxy.DirCacher
	limit int64 // bytes
	log   *slog.Logger

	mu    sync.Mutex
	files map[string]file // by their path in the directory, with slashes
	total int64           // bytes
}

// openStore reads a directory, which it creates. What a kill has left incomplete, it removes.
func openStore(dir string, limit int64, log *slog.Logger) (*store, error) {
	s := &store{DirCacher: goproxy.DirCacher(dir), limit: limit, log: log, files: map[string]file{}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the directory of the modules: %w", err)
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if strings.HasPrefix(entry.Name(), ".") { // DirCacher's name for a file that it writes
			return os.Remove(path)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		s.add(filepath.ToSlash(name), file{info.Size(), info.ModTime()})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the modules that are kept: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.makeRoom(0)
	return s, nil
}

func (s *store) path(name string) string {
	return filepath.Join(string(s.DirCacher), filepath.FromSlash(name))
}

// add takes a file into account, in place of one of that name.
func (s *store) add(name string, f file) {
	f.size = max(f.size, block)
	s.total += f.size - s.files[name].size
	s.files[name] = f
}

// makeRoom removes files until more bytes fit.
func (s *store) makeRoom(more int64) {
	for s.total+more > s.limit && len(s.files) > 0 {
		oldest := ""
		for name, f := range s.files {
			if oldest == "" || f.used.Before(s.files[oldest].used) {
				oldest = name
			}
		}
		_ = os.Remove(s.path(oldest)) // one that is gone takes no room
		s.total -= s.files[oldest].size
		delete(s.files, oldest)
	}
}

// Get returns a file, or an error that is fs.ErrNotExist.
func (s *store) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	content, err := s.DirCacher.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.files[name]; ok && time.Since(f.used) > usedStep {
		f.used = time.Now()
		s.files[name] = f
		_ = os.Chtimes(s.path(name), f.used, f.used) // the next use tries again
	}
	return content, nil
}

// Put keeps a file. One that is larger than the limit is not kept, nor one that the disk does not
// take: the job has it nevertheless.
func (s *store) Put(ctx context.Context, name string, content io.ReadSeeker) error {
	size, err := content.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if size > s.limit {
		return nil
	}
	s.makeRoom(size)
	if err := s.DirCacher.Put(ctx, name, content); err != nil {
		s.log.Error("keeping a file of a module", "file", name, "error", err)
		return nil
	}
	s.add(name, file{size, time.Now()})
	return nil
}

// Package actionscache keeps what workflows cache with actions/cache: a store on disk, the
// server that the jobs' toolkit talks to, and the leases by which a job reads and writes no more
// than its repository and its branch allow (docs/adr/0028-caches-of-workflows.md).
package actionscache

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/atomicfile"
)

// Times after which something ends.
const (
	unusedTime = 7 * 24 * time.Hour // an entry that no job restores
	uploadTime = time.Hour          // an upload of which nothing more comes
	usedStep   = time.Hour          // how exactly the last use is on disk
)

// Names of files: an entry's content, its description, and an upload that is not complete.
const (
	contentSuffix     = ".content"
	descriptionSuffix = ".json"
	uploadSuffix      = ".upload"
)

// Errors of requests, which a job's log shows.
var (
	errExists   = errors.New("the key is kept already, or another job is about to keep it")
	errTooLarge = errors.New("it is larger than all caches together may be")
	errNoUpload = errors.New("there is no such upload of this job")
)

// entry is what is kept under a key.
type entry struct {
	ID         int64     `json:"id"`
	Repository string    `json:"repository"`
	Scope      string    `json:"scope"`   // the ref that wrote it
	Key        string    `json:"key"`     // as the workflow has it
	Version    string    `json:"version"` // the toolkit's hash of paths and compression
	Size       int64     `json:"size"`    // of the content, in bytes
	Created    time.Time `json:"created"`
	Used       time.Time `json:"used"`
}

func (e *entry) same(o *entry) bool {
	return e.Repository == o.Repository && e.Scope == o.Scope && e.Key == o.Key && e.Version == o.Version
}

// Store is a directory with entries. What a kill has left incomplete, it removes when it is opened.
type Store struct {
	dir   string
	limit int64 // bytes of all entries and uploads
	now   func() time.Time

	mu      sync.Mutex
	next    int64
	entries map[int64]*entry
	uploads map[int64]*entry // Size is what was announced, Used the time of the last write
}

// Open reads a directory, creating it first. limit is in bytes.
func Open(dir string, limit int64) (*Store, error) {
	s := &Store{dir: dir, limit: limit, now: time.Now, next: 1, entries: map[int64]*entry{}, uploads: map[int64]*entry{}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the directory of the caches: %w", err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the caches: %w", err)
	}
	for _, file := range files {
		if id, ok := strings.CutSuffix(file.Name(), descriptionSuffix); ok {
			s.load(id)
		}
	}
	for _, file := range files {
		if file.IsDir() {
			continue // another package's
		}
		name, suffix, _ := strings.Cut(file.Name(), ".")
		id, _ := strconv.ParseInt(name, 10, 64)
		if _, known := s.entries[id]; !known || "."+suffix == uploadSuffix {
			if err := os.RemoveAll(filepath.Join(dir, file.Name())); err != nil {
				return nil, fmt.Errorf("removing what an interrupted upload left: %w", err)
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	s.makeRoom(0)
	return s, nil
}

// load takes an entry whose content is whole.
func (s *Store) load(name string) {
	data, err := os.ReadFile(filepath.Join(s.dir, name+descriptionSuffix))
	var e entry
	if err != nil || json.Unmarshal(data, &e) != nil || strconv.FormatInt(e.ID, 10) != name {
		return
	}
	if info, err := os.Stat(s.path(e.ID, contentSuffix)); err == nil && info.Size() == e.Size {
		s.entries[e.ID] = &e
		s.next = max(s.next, e.ID+1)
	}
}

func (s *Store) path(id int64, suffix string) string {
	return filepath.Join(s.dir, strconv.FormatInt(id, 10)+suffix)
}

// find returns what is kept under the first of the keys, in the first of the lease's scopes
// that has one: under the key itself, else the newest whose key starts with it.
func (s *Store) find(l Lease, keys []string, version string) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, scope := range l.Read {
		for _, key := range keys {
			var best *entry
			for _, e := range s.entries {
				if e.Repository != l.Repository || e.Scope != scope || e.Version != version || !strings.HasPrefix(e.Key, key) {
					continue
				}
				if best == nil || best.Key != key && (e.Key == key || e.Created.After(best.Created)) {
					best = e
				}
			}
			if best != nil {
				s.use(best)
				return best
			}
		}
	}
	return nil
}

// use notes that an entry is of use. On disk the time may lag behind: it decides about days.
func (s *Store) use(e *entry) {
	before := e.Used
	e.Used = s.now()
	if e.Used.Sub(before) > usedStep {
		_ = s.describe(e) // the next use tries again
	}
}

func (s *Store) describe(e *entry) error {
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return atomicfile.Write(s.path(e.ID, descriptionSuffix), data, 0o600)
}

// open opens the content of an entry.
func (s *Store) open(id int64) (*os.File, error) { return os.Open(s.path(id, contentSuffix)) }

// reserve starts an upload of size bytes and makes room for it.
func (s *Store) reserve(l Lease, key, version string, size int64) (id int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	now := s.now()
	e := &entry{ID: s.next, Repository: l.Repository, Scope: l.Write, Key: key, Version: version, Size: size, Created: now, Used: now}
	for _, all := range []map[int64]*entry{s.entries, s.uploads} {
		for _, other := range all {
			if other.same(e) {
				return 0, errExists
			}
		}
	}
	if size < 1 || !s.makeRoom(size) {
		return 0, errTooLarge
	}
	file, err := os.OpenFile(s.path(e.ID, uploadSuffix), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("starting an upload: %w", err)
	}
	s.next++
	s.uploads[e.ID] = e
	return e.ID, file.Close()
}

// upload returns an upload of the lease's own, which ends with forget.
func (s *Store) upload(l Lease, id int64, forget bool) (entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.uploads[id]
	if e == nil || e.Repository != l.Repository || e.Scope != l.Write {
		return entry{}, errNoUpload
	}
	e.Used = s.now()
	if forget {
		delete(s.uploads, id)
	}
	return *e, nil
}

// write writes the bytes first to last of an upload.
func (s *Store) write(l Lease, id, first, last int64, content io.Reader) error {
	e, err := s.upload(l, id, false)
	if err != nil {
		return err
	}
	if first < 0 || last < first || last >= e.Size {
		return fmt.Errorf("bytes %d to %d are outside the %d bytes that were announced", first, last, e.Size)
	}
	file, err := os.OpenFile(s.path(id, uploadSuffix), os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("writing an upload: %w", err)
	}
	_, err = io.CopyN(io.NewOffsetWriter(file, first), content, last-first+1)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing an upload: %w", err)
	}
	return nil
}

// commit completes an upload, which must have the announced size. From then on it is kept, whatever
// happens to this process.
func (s *Store) commit(l Lease, id, size int64) error {
	e, err := s.upload(l, id, true)
	if err != nil {
		return err
	}
	if err := s.complete(&e, size); err != nil {
		return errors.Join(err, os.RemoveAll(s.path(id, uploadSuffix)), os.RemoveAll(s.path(id, contentSuffix)))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries[id] = &e
	return nil
}

// complete writes an upload's files as those of an entry.
func (s *Store) complete(e *entry, size int64) error {
	file, err := os.OpenFile(s.path(e.ID, uploadSuffix), os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("completing an upload: %w", err)
	}
	info, err := file.Stat()
	if err == nil && (info.Size() != size || size != e.Size) {
		err = fmt.Errorf("it has %d bytes, and %d were announced", info.Size(), e.Size)
	}
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("completing an upload: %w", err)
	}
	if err := os.Rename(s.path(e.ID, uploadSuffix), s.path(e.ID, contentSuffix)); err != nil {
		return fmt.Errorf("completing an upload: %w", err)
	}
	if err := s.describe(e); err != nil {
		return fmt.Errorf("completing an upload: %w", err)
	}
	return nil
}

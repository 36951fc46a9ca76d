package actionscache

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRoom fills the store: the repository that takes most gives up what it used longest ago.
func TestRoom(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	now := time.Now()
	s.store.now = func() time.Time { now = now.Add(time.Second); return now }
	large, small := s.job("ann/large", main), s.job("bob/small", main)
	s.keep(small, "small", strings.Repeat("s", 10))
	s.keep(large, "a", strings.Repeat("a", 30))
	s.keep(large, "b", strings.Repeat("b", 30))
	s.keep(large, "c", strings.Repeat("c", 30))
	s.restored(large, "a")
	s.keep(large, "d", strings.Repeat("d", 30))
	for key, want := range map[string]bool{"a": true, "b": false, "c": true, "d": true} {
		if got := s.restored(large, key) != ""; got != want {
			t.Errorf("%s is kept: %t, want %t", key, got, want)
		}
	}
	if s.restored(small, "small") == "" {
		t.Error("the repository that takes less lost what it kept")
	}
	now = now.Add(unusedTime)
	s.keep(s.job("bob/small", main), "new", "new")
	if got, err := os.ReadDir(s.store.dir); err != nil || len(got) != 2 {
		t.Errorf("got %v, %v in the directory, want only what was kept at last", got, err)
	}
}

// TestReopened has a store that a kill has left: what is whole stays, the rest goes.
func TestReopened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir)
	job := s.job("ann/shop", main)
	s.keep(job, "whole", "whole")
	s.keep(job, "cut", "cut short")
	s.keep(job, "gone", "gone")
	s.keep(job, "garbled", "garbled")
	s.reserve(job, "upload", 5)
	for name, content := range map[string]string{"2.content": "cut", "4.json": "{", "9.content": "left", "10.json": `{"id": 3}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "3.content")); err != nil {
		t.Fatal(err)
	}
	s = start(t, dir)
	job = s.job("ann/shop", main)
	for key, want := range map[string]string{"whole": "whole", "cut": "", "gone": "", "garbled": "", "upload": ""} {
		if got := s.restored(job, key); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
	if got, err := os.ReadDir(dir); err != nil || len(got) != 2 {
		t.Errorf("got %v, %v in the directory, want the files of one entry", got, err)
	}
	s.keep(job, "next", "next")
	if got := s.restored(job, "whole"); got != "whole" {
		t.Errorf("got %q after another was kept, want what was there", got)
	}
}

package internal

import (
	"io/fs"
	"os"
	"slices"
	"testing"
)

const fileSize = 1 << 20 // no file of the project is larger; a backup beside them is

// eachFile calls f with each file of the project, generated code aside. The path begins
// at the project's root.
func eachFile(t *testing.T, f func(path string, content []byte)) {
	t.Helper()
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", ".pipeline", "node_modules", "sdk"}, entry.Name()) {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		info, err := entry.Info()
		if err != nil || info.Size() > fileSize {
			return err
		}
		content, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		f(path, content)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	// spelledCommand is a command of the launcher in a code span or block, with its arguments.
	spelledCommand = regexp.MustCompile("(?m)(?:`|^    (?:\\$ )?)pipeline ([a-z]+)([^`\n]*)")
	// advisedCommand is one in a message, with the flags that follow it directly.
	advisedCommand = regexp.MustCompile(`\bpipeline ([a-z]+)((?: --?[a-z-]+)+)`)
	flagWord       = regexp.MustCompile(`(?:^| )(--?[a-z][a-z-]*)`)
)

// TestCommandsInDocs holds that every command of the launcher in the documents and in
// messages exists, with its flags.
func TestCommandsInDocs(t *testing.T) {
	t.Parallel()
	found := 0
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", ".pipeline", "node_modules", "sdk"}, entry.Name()) {
			return fs.SkipDir
		}
		pattern := advisedCommand
		switch filepath.Ext(path) {
		case ".md":
			pattern = spelledCommand
		case ".go":
		default:
			return nil
		}
		text, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		for _, m := range pattern.FindAllStringSubmatch(string(text), -1) {
			found++
			checkCommand(t, path, m[1], m[2])
		}
		return nil
	})
	if err != nil || found < 80 {
		t.Errorf("got %d commands and %v, want those of all documents and messages", found, err)
	}
}

func checkCommand(t *testing.T, path, name, arguments string) {
	t.Helper()
	cmd, _, err := rootCommand(&global{}).Find([]string{name})
	if err != nil || cmd.Name() != name {
		t.Errorf("%s names pipeline %s, which does not exist", path, name)
		return
	}
	for _, m := range flagWord.FindAllStringSubmatch(arguments, -1) {
		flags := cmd.Flags()
		flags.AddFlagSet(cmd.InheritedFlags())
		if long, ok := strings.CutPrefix(m[1], "--"); ok && flags.Lookup(long) == nil || !ok && flags.ShorthandLookup(m[1][1:2]) == nil {
			t.Errorf("%s names pipeline %s %s, and it has no such flag", path, name, m[1])
		}
	}
}

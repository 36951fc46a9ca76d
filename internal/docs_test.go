package internal

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// link is a link or a picture of a Markdown file, with its target.
	link = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	// page is the path of a page or of a drawing, as comments name it.
	page = regexp.MustCompile(`\bdocs/[\w./-]+\.(?:md|svg|dot)\b`)
	// testDeclaration is a test in a Go file, testName the name of one elsewhere.
	testDeclaration = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	testName        = regexp.MustCompile(`\bTest[A-Z]\w+`)
	// makeTarget is a target in the Makefile, makeCommand a call of one in a Markdown file.
	makeTarget  = regexp.MustCompile(`(?m)^([a-z-]+):`)
	makeCommand = regexp.MustCompile("(?m)(?:`|^    )make ([a-z][a-z-]*)")
)

// TestLinks holds that the relative links of Markdown files, and the pages that comments
// name, exist.
func TestLinks(t *testing.T) {
	t.Parallel()
	links := 0
	exists := func(from, target string) {
		links++
		if _, err := os.Stat(filepath.Join("..", target)); err != nil {
			t.Errorf("%s names %s: %v", from, target, err)
		}
	}
	eachFile(t, func(name string, content []byte) {
		if path.Ext(name) == ".md" {
			for _, m := range link.FindAllSubmatch(content, -1) {
				target, _, _ := strings.Cut(string(m[1]), "#")
				if target != "" && !strings.Contains(target, ":") {
					exists(name, path.Join(path.Dir(name), target))
				}
			}
		}
		for _, target := range page.FindAll(content, -1) {
			exists(name, string(target))
		}
	})
	if links < 50 {
		t.Errorf("got %d links, want those of all pages", links)
	}
}

// TestNamesInDocs holds that the tests and the Makefile's targets that Markdown files
// name exist, and the tests that the Makefile chooses by the beginning of their names.
func TestNamesInDocs(t *testing.T) {
	t.Parallel()
	tests, targets := map[string]bool{}, map[string]bool{}
	var makefile []byte
	documents := map[string][]byte{}
	eachFile(t, func(name string, content []byte) {
		switch {
		case strings.HasSuffix(name, "_test.go"):
			for _, m := range testDeclaration.FindAllSubmatch(content, -1) {
				tests[string(m[1])] = true
			}
		case name == "Makefile":
			makefile = content
		case path.Ext(name) == ".md":
			documents[name] = content
		}
	})
	for _, m := range makeTarget.FindAllSubmatch(makefile, -1) {
		targets[string(m[1])] = true
	}
	if len(tests) < 100 || len(targets) < 10 || len(documents) < 20 {
		t.Fatalf("got %d tests, %d targets and %d documents, want all", len(tests), len(targets), len(documents))
	}
	for name, content := range documents {
		for _, test := range testName.FindAll(content, -1) {
			if !tests[string(test)] {
				t.Errorf("%s names %s, which does not exist", name, test)
			}
		}
		for _, m := range makeCommand.FindAllSubmatch(content, -1) {
			if !targets[string(m[1])] {
				t.Errorf("%s names make %s, which does not exist", name, m[1])
			}
		}
	}
	for _, beginning := range testName.FindAll(makefile, -1) {
		found := false
		for test := range tests {
			found = found || strings.HasPrefix(test, string(beginning))
		}
		if !found {
			t.Errorf("the Makefile runs %s, which does not exist", beginning)
		}
	}
}

var (
	decisionTitle  = regexp.MustCompile(`^# (\d+)\. (.+)\n`)
	decisionStatus = regexp.MustCompile(`(?m)^Status: (accepted|superseded)\b.*\. Date: \d{4}-\d{2}-\d{2}\.`)
)

// TestDecisions holds that each decision record has a number of its own, a status and a
// date, and its row in the index.
func TestDecisions(t *testing.T) {
	t.Parallel()
	index, err := os.ReadFile("../docs/adr/README.md")
	if err != nil {
		t.Fatal(err)
	}
	records, err := filepath.Glob("../docs/adr/[0-9]*.md")
	if err != nil || len(records) < 20 {
		t.Fatalf("got %d records and %v, want all", len(records), err)
	}
	numbers := map[string]string{}
	for _, record := range records {
		content, err := os.ReadFile(record)
		if err != nil {
			t.Fatal(err)
		}
		base := filepath.Base(record)
		number := base[:4]
		if other := numbers[number]; other != "" {
			t.Errorf("%s has the number of %s", base, other)
		}
		numbers[number] = base
		title, status := decisionTitle.FindSubmatch(content), decisionStatus.FindSubmatch(content)
		if title == nil || string(title[1]) != strings.TrimLeft(number, "0") || status == nil {
			t.Errorf("%s does not begin with # NUMBER. TITLE and Status: … Date: …", base)
			continue
		}
		row := fmt.Sprintf("| [%s](%s) | %s | %s |\n", number, base, title[2], status[1])
		if !bytes.Contains(index, []byte(row)) {
			t.Errorf("the index, docs/adr/README.md, has no row %s", row)
		}
	}
}

package internal

import (
	"path"
	"regexp"
	"testing"
)

// avoided are words for which the glossary in CONTRIBUTING.md has another one.
var avoided = regexp.MustCompile(`(?i)\b(folders?|anew|mend(?:s|ed|ing)?|host engine)\b`)

// TestGlossary holds code and documents to the words of the glossary.
func TestGlossary(t *testing.T) {
	t.Parallel()
	eachFile(t, func(name string, content []byte) {
		switch {
		case name == "CONTRIBUTING.md" || name == "internal/glossary_test.go":
		case path.Ext(name) == ".go", path.Ext(name) == ".md", path.Ext(name) == ".sh", path.Base(name) == "Dockerfile":
			for _, word := range avoided.FindAll(content, -1) {
				t.Errorf("%s has the word %q; see the glossary in CONTRIBUTING.md", name, word)
			}
		}
	})
}

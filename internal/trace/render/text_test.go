package render

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/model"
	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/tracetest"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) {
	time.Local = time.UTC // what is printed for people
	os.Exit(m.Run())
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestText(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]model.Records{"green": tracetest.Recorded(t, "green"), "running": tracetest.Recorded(t, "running"), "failed": tracetest.Failed(t)} {
		var out bytes.Buffer
		Text(ui.NewPrinter(&out), model.Assemble(r))
		golden(t, name+".txt", out.Bytes())
		for line := range strings.Lines(out.String()) {
			if n := len([]rune(line)); n > 101 {
				t.Errorf("%s: got a line of %d characters, want at most 100: %q", name, n-1, line)
			}
		}
	}
}

// golden compares with a file in testdata, which -update writes.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := read(t, file); !bytes.Equal(got, want) {
		t.Errorf("got another %s than before; if it is right: go test ./internal/trace/render -update\n%s", file, got)
	}
}

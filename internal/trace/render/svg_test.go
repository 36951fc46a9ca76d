package render

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/model"
	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/tracetest"
)

func TestSVG(t *testing.T) {
	t.Parallel()
	hostile := tracetest.Recorded(t, "green")
	hostile.Run.DisplayTitle = "<script>alert(1)</script> & \x1b[31m"
	hostile.Jobs[0].Steps[2].Name = strings.Repeat("\"<&>", 20)
	for name, r := range map[string]model.Records{"green": tracetest.Recorded(t, "green"), "running": tracetest.Recorded(t, "running"), "failed": tracetest.Failed(t), "hostile": hostile} {
		file := filepath.Join(t.TempDir(), "trace.svg")
		if err := SVG(file, model.Assemble(r)); err != nil {
			t.Fatal(err)
		}
		picture := read(t, file)
		if name == "green" {
			golden(t, "green.svg", picture)
		}
		for decoder := xml.NewDecoder(bytes.NewReader(picture)); ; {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: got a picture that is no XML: %v", name, err)
			}
			if start, ok := token.(xml.StartElement); ok && start.Name.Local == "script" {
				t.Errorf("%s: got a script in the picture", name)
			}
		}
	}
}

func TestSVGReplacesWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := SVG(filepath.Join(dir, "none", "trace.svg"), model.Assemble(tracetest.Recorded(t, "green"))); err == nil {
		t.Error("got no error for a directory that is not there")
	}
	file := filepath.Join(dir, "trace.svg")
	for range 2 {
		if err := SVG(file, model.Assemble(tracetest.Recorded(t, "green"))); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v, want the picture alone", entries, err)
	}
}

func TestTicks(t *testing.T) {
	t.Parallel()
	for _, whole := range []time.Duration{0, time.Second, 39 * time.Second, 3 * time.Minute, 2 * time.Hour, 30 * time.Hour} {
		all := ticks(whole)
		if len(all) > 13 || len(all) < 5 && whole > 0 {
			t.Errorf("%s: got %d ticks, want 5 to 13", whole, len(all))
		}
	}
}

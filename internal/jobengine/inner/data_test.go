//go:build linux

package inner

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCopyIfThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := copyIfThere(filepath.Join(dir, "to"), filepath.Join(dir, "none")); err != nil {
		t.Errorf("got %v for a file that is not there", err)
	}
	if err := copyIfThere(filepath.Join(dir, "no", "to"), os.Args[0]); err == nil {
		t.Error("a copy that failed is no error")
	}
}

func TestStock(t *testing.T) {
	t.Parallel()
	stock := StockAt(t.TempDir())
	write := func(path string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(stock.Images, "overlay2", "abc", "diff", "bin", "sh"))
	write(filepath.Join(stock.Images, "overlay2", "backingFsBlockDev"))
	write(filepath.Join(stock.Template, "overlay2", "abc", "link"))
	layers, err := stock.layers()
	if err != nil {
		t.Fatal(err)
	}
	if len(layers) != 1 || layers[filepath.Join(stock.Images, "overlay2", "abc", "diff")] != "overlay2/abc/diff" {
		t.Errorf("got the layers %q", layers)
	}
	data := filepath.Join(t.TempDir(), "1")
	if err := stock.lay(data); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(data, "overlay2", "abc", "link")); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("got %v, %v, want the template's file with its mode", info, err)
	}
	if err := StockAt(t.TempDir()).lay(filepath.Join(t.TempDir(), "2")); err == nil {
		t.Error("a stock that is not there is no error")
	}
}

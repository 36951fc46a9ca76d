package stack

import (
	"os"
	"path/filepath"
	"testing"
)

// copyService puts the service's build context below dir.
func copyService(t *testing.T, dir string) {
	t.Helper()
	if err := os.CopyFS(filepath.Join(dir, "service"), os.DirFS("../../service")); err != nil {
		t.Fatal(err)
	}
}

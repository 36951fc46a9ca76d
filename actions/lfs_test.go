package actions

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCheckoutKeepsPointers checks out a file that git's LFS filter would replace: the
// filter is told not to.
func TestCheckoutKeepsPointers(t *testing.T) {
	t.Parallel()
	url, commits := forge(t)
	workspace, dir := t.TempDir(), t.TempDir()
	attributes, config := filepath.Join(dir, "attributes"), filepath.Join(dir, "config")
	for path, text := range map[string]string{
		attributes: "file filter=lfs\n",
		config: "[core]\n\tattributesFile = " + attributes + "\n" +
			"[filter \"lfs\"]\n\trequired = true\n\tclean = cat\n\tsmudge = \"cat > /dev/null; printf skip-$GIT_LFS_SKIP_SMUDGE\"\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, ok := run(t, workspace, "checkout/checkout.sh", map[string]string{
		"GITHUB_WORKSPACE": workspace, "GITHUB_SERVER_URL": url, "GITHUB_REPOSITORY": "ann/shop", "GITHUB_SHA": commits[0],
		"CHECKOUT_REPOSITORY": "ann/shop", "CHECKOUT_TOKEN": token, "CHECKOUT_DEPTH": "1", "GIT_CONFIG_GLOBAL": config,
	})
	if got, _ := os.ReadFile(filepath.Join(workspace, "file")); !ok || string(got) != "skip-1" {
		t.Errorf("got ok %t, a file %q and\n%s\nwant the filter to be told to skip", ok, got, out)
	}
}

// Package internal holds no code of its own, only the tests of how the project's code is laid out.
package internal

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/gitops-pipeline/gitops-pipeline/"

// layers are the project's packages, from the top down: a package imports only
// what stands below it. A package below one of these belongs to it.
var layers = []string{
	"e2e",
	"cmd",
	"infra",
	"provider/forgetest", // builds its Gitea with internal/images; only tests import it
	"internal/lifecycle",
	"internal/status",
	"internal/doctor",
	"internal/rotate",
	"internal/backup",
	"internal/readiness",
	"internal/runnersupervisor",
	"internal/forgestart",
	"internal/jobengine",
	"internal/engineproxy",
	"internal/ociwrapper",
	"internal/forgeproxy",
	"internal/retention",
	"internal/actionscache",
	"internal/modulemirror",
	"internal/taskevents",
	"internal/forward",
	"internal/healthcheck",
	"internal/environment",
	"internal/workflowcheck",
	"internal/trace/render",
	"internal/trace/gather",
	"internal/trace/tracetest",
	"internal/trace/model",
	"internal/pulumi",
	"internal/images",
	"internal/artifacts",
	"internal/gitea",
	"internal/paging",
	"internal/dockerhost",
	"internal/config",
	"internal/inherit",
	"internal/project",
	"internal/ui",
	"internal/apt",
	"internal/stackhttp",
	"internal/atomicfile",
	"internal/problem",
	"internal/proxytest",
	"internal/naming",
	"internal", // these tests
	"provider",
	"sdk",
	"actions",
	"images",
}

// goPackage is what the go command says of a package.
type goPackage struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// TestLayers holds every import to point down, those of tests too. Packages
// that serve tests alone are the exception: tests may import them from below.
func TestLayers(t *testing.T) {
	t.Parallel()
	found := packages(t)
	if len(found) < 20 {
		t.Fatalf("got %d packages, want all of the project's", len(found))
	}
	for _, p := range found {
		for _, wrong := range upward(p) {
			t.Error(wrong)
		}
	}
}

// TestUpward holds that an import which points up is found.
func TestUpward(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		pkg  goPackage
		want bool
	}{
		"down":           {goPackage{ImportPath: "cmd/pipeline", Imports: []string{"infra/stack"}}, false},
		"within":         {goPackage{ImportPath: "cmd/pipeline", Imports: []string{"cmd/other"}}, false},
		"up":             {goPackage{ImportPath: "internal/config", Imports: []string{"internal/images"}}, true},
		"out of below":   {goPackage{ImportPath: "internal/gitea/paged", Imports: []string{"infra/stack"}}, true},
		"a test's":       {goPackage{ImportPath: "internal/config", TestImports: []string{"internal/images"}}, true},
		"tests' support": {goPackage{ImportPath: "provider", XTestImports: []string{"provider/forgetest"}}, false},
		"support itself": {goPackage{ImportPath: "provider", Imports: []string{"provider/forgetest"}}, true},
		"unknown":        {goPackage{ImportPath: "internal/util"}, true},
	} {
		test.pkg.ImportPath = module + test.pkg.ImportPath
		for _, list := range [][]string{test.pkg.Imports, test.pkg.TestImports, test.pkg.XTestImports} {
			for i := range list {
				list[i] = module + list[i]
			}
		}
		if got := upward(test.pkg); (len(got) > 0) != test.want {
			t.Errorf("%s: got %q, want a fault: %t", name, got, test.want)
		}
	}
}

// upward returns what is wrong with a package's imports.
func upward(p goPackage) (wrong []string) {
	from, ok := layer(p.ImportPath)
	if !ok {
		return []string{p.ImportPath + " is in no layer; add it to the list in internal/layering_test.go, above all that it imports"}
	}
	for i, list := range [][]string{p.Imports, p.TestImports, p.XTestImports} {
		for _, imported := range list {
			to, known := layer(imported)
			support := i > 0 && strings.HasSuffix(imported, "test")
			if known && to < from && !support {
				wrong = append(wrong, p.ImportPath+" imports "+imported+", which is above it")
			}
		}
	}
	return wrong
}

// layer returns the number of a package's layer, 0 for the top, and whether it
// has one. Of several that match, the longest counts.
func layer(importPath string) (int, bool) {
	name, ours := strings.CutPrefix(importPath, module)
	if !ours {
		return 0, false
	}
	for dir := name; ; {
		if n := slices.Index(layers, dir); n >= 0 {
			return n, dir != "internal" || name == dir
		}
		cut := strings.LastIndex(dir, "/")
		if cut < 0 {
			return 0, false
		}
		dir = dir[:cut]
	}
}

// packages lists the project's packages, with what every build tag adds.
func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "-tags", "e2e,integration", "./...")
	cmd.Dir = ".."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing the packages: %v\n%s", err, stderr.String())
	}
	var all []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

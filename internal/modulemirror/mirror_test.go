package modulemirror

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// proxy is the proxy of modules that a mirror asks. It has the versions of one module, each with a
// file of size bytes.
type proxy struct {
	*httptest.Server
	size int

	mu    sync.Mutex
	asked []string
	dead  bool
}

func newProxy(t *testing.T, size int) *proxy {
	t.Helper()
	p := &proxy{size: size}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, r.URL.Path)
	version, isOne := strings.CutPrefix(r.URL.Path, "/example.org/m/@v/")
	extension := filepath.Ext(version)
	version = strings.TrimSuffix(version, extension)
	switch {
	case p.dead:
		panic(http.ErrAbortHandler)
	case r.URL.Path == "/sumdb/sum.example.org/supported", r.URL.Path == "/sumdb/sum.example.org/latest":
		fmt.Fprint(w, "signed")
	case !isOne || version == "v1.9.0":
		http.NotFound(w, r)
	case extension == ".info":
		fmt.Fprintf(w, `{"Version":%q,"Time":"2026-01-01T00:00:00Z"}`, version)
	case extension == ".mod":
		fmt.Fprint(w, "module example.org/m\n")
	case extension == ".zip":
		z := zip.NewWriter(w)
		f, _ := z.CreateHeader(&zip.FileHeader{Name: "example.org/m@" + version + "/go.mod"})
		fmt.Fprint(f, "module example.org/m\n")
		f, _ = z.CreateHeader(&zip.FileHeader{Name: "example.org/m@" + version + "/data", Method: zip.Store})
		_, _ = f.Write(make([]byte, p.size))
		_ = z.Close()
	default:
		http.NotFound(w, r)
	}
}

// questions is how often it was asked for a path.
func (p *proxy) questions(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, a := range p.asked {
		if a == path {
			n++
		}
	}
	return n
}

func (p *proxy) die() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
}

// newMirror returns a mirror of a proxy, which checks no sums.
func newMirror(t *testing.T, dir string, p *proxy, limit int64) http.Handler {
	t.Helper()
	m, err := New(Config{Dir: dir, Limit: limit, Proxies: p.URL, SumDB: "off"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// get is a GET of a path.
func get(m http.Handler, path string) (code int, body []byte) {
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil))
	return w.Code, w.Body.Bytes()
}

func TestMirror(t *testing.T) {
	t.Parallel()
	p, dir := newProxy(t, 100), t.TempDir()
	m := newMirror(t, dir, p, 1<<20)
	for range 2 {
		for _, name := range []string{"v1.0.0.info", "v1.0.0.mod", "v1.0.0.zip"} {
			if code, body := get(m, "/example.org/m/@v/"+name); code != http.StatusOK || len(body) == 0 {
				t.Fatalf("%s: got %d %q, want it", name, code, body)
			}
		}
	}
	if got := p.questions("/example.org/m/@v/v1.0.0.zip"); got != 1 {
		t.Errorf("the proxy was asked %d times for a module, want 1", got)
	}
	_, content := get(m, "/example.org/m/@v/v1.0.0.zip")
	if _, err := zip.NewReader(bytes.NewReader(content), int64(len(content))); err != nil {
		t.Errorf("got a broken zip file: %v", err)
	}

	// What is kept is there although the proxy is not, and after a start too.
	p.die()
	again := newMirror(t, dir, p, 1<<20)
	if code, _ := get(again, "/example.org/m/@v/v1.0.0.zip"); code != http.StatusOK {
		t.Errorf("got %d of a kept module without the proxy, want 200", code)
	}
}

// TestMirrorOfMissing holds that what the proxies do not have is not found, so that Go goes on to
// the next in its list.
func TestMirrorOfMissing(t *testing.T) {
	t.Parallel()
	m := newMirror(t, t.TempDir(), newProxy(t, 1), 1<<20)
	for _, path := range []string{"/example.org/m/@v/v1.9.0.mod", "/example.org/other/@v/v1.0.0.zip", "/example.org/m/@v/../../x", "/nonsense"} {
		if code, _ := get(m, path); code/100 == 2 {
			t.Errorf("%s: got %d, want it not found", path, code)
		}
	}
}

// TestMirrorIsReadOnly holds that nobody can put a module into the mirror.
func TestMirrorIsReadOnly(t *testing.T) {
	t.Parallel()
	m := newMirror(t, t.TempDir(), newProxy(t, 1), 1<<20)
	for _, method := range []string{http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodPatch} {
		w := httptest.NewRecorder()
		m.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/example.org/m/@v/v1.0.0.zip", strings.NewReader("poison")))
		if w.Code/100 == 2 {
			t.Errorf("%s: got %d, want a refusal", method, w.Code)
		}
	}
}

// TestUntrusted holds that a module is refused that the checksum database does not know.
func TestUntrusted(t *testing.T) {
	t.Parallel()
	p := newProxy(t, 1)
	_, key, err := note.GenerateKey(rand.Reader, "sum.example.org")
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(Config{Dir: t.TempDir(), Limit: 1 << 20, Proxies: p.URL, SumDB: key}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if code, _ := get(m, "/example.org/m/@v/v1.0.0.mod"); code/100 == 2 {
		t.Errorf("got %d of a module that cannot be checked, want a refusal", code)
	}
	if got := p.questions("/sumdb/sum.example.org/lookup/example.org/m@v1.0.0"); got == 0 {
		t.Error("nobody asked the checksum database")
	}
}

// TestDeadProxy holds that proxies that do not answer cost the first requests time alone.
func TestDeadProxy(t *testing.T) {
	t.Parallel()
	p := newProxy(t, 1)
	p.die()
	m := newMirror(t, t.TempDir(), p, 1<<20)
	_, _ = get(m, "/example.org/m/@v/v1.0.0.mod")
	began := time.Now()
	if code, _ := get(m, "/example.org/m/@v/v1.1.0.mod"); code/100 == 2 {
		t.Errorf("got %d without a proxy", code)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("the second request took %s, want an answer at once", took)
	}
}

// TestRoom holds the mirror to its limit: what was used longest ago goes.
func TestRoom(t *testing.T) {
	t.Parallel()
	const size = 100 << 10
	p, dir := newProxy(t, size), t.TempDir()
	m := newMirror(t, dir, p, 3*size)
	for i := range 5 {
		if code, _ := get(m, fmt.Sprintf("/example.org/m/@v/v1.0.%d.zip", i)); code != http.StatusOK {
			t.Fatalf("got %d", code)
		}
		if kept := sizeOf(t, dir); kept > 3*size {
			t.Errorf("got %d bytes kept, want at most %d", kept, 3*size)
		}
	}
	for version, questions := range map[string]int{"v1.0.0": 2, "v1.0.4": 1} {
		_, _ = get(m, "/example.org/m/@v/"+version+".zip")
		if got := p.questions("/example.org/m/@v/" + version + ".zip"); got != questions {
			t.Errorf("%s: the proxy was asked %d times, want %d", version, got, questions)
		}
	}
	_ = newMirror(t, dir, p, size/2) // a smaller limit
	if kept := sizeOf(t, dir); kept > size/2 {
		t.Errorf("got %d bytes kept after a start, want at most %d", kept, size/2)
	}
}

// TestInterruptedDownload holds that a start removes what a kill left.
func TestInterruptedDownload(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"tmp/goproxy.tmp.1/x", "modules/example.org/m/@v/.v1.0.0.zip.tmp.1"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, 10), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	newMirror(t, dir, newProxy(t, 1), 1<<20)
	if left := sizeOf(t, dir); left != 0 {
		t.Errorf("got %d bytes left, want none", left)
	}
}

func sizeOf(t *testing.T, dir string) (size int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			size += int(info.Size())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// TestSumDB holds that a mirror passes on to the checksum database where it answers, and says no
// where it does not: Go asks nobody else afterwards.
func TestSumDB(t *testing.T) {
	t.Parallel()
	p := newProxy(t, 1)
	dead := newProxy(t, 1)
	dead.die()
	for _, tt := range []struct {
		name, database string
		proxies        string
		want           int
	}{
		{"a proxy passes it on", "sum.example.org", p.URL, http.StatusOK},
		{"an address of its own", "sum.example.org " + p.URL + "/sumdb/sum.example.org", dead.URL, http.StatusOK},
		{"nothing answers", "sum.example.org " + dead.URL, dead.URL, http.StatusNotFound},
		{"off", "off", p.URL, http.StatusNotFound},
		{"another database", "sum.example.net " + dead.URL, p.URL, http.StatusNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, err := New(Config{Dir: t.TempDir(), Limit: 1 << 20, Proxies: tt.proxies, SumDB: tt.database}, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			code, _ := get(m, "/sumdb/sum.example.org/supported")
			if code != tt.want {
				t.Errorf("got %d of whether it passes the database on, want %d", code, tt.want)
			}
			if tt.want != http.StatusOK {
				return
			}
			if code, body := get(m, "/sumdb/sum.example.org/latest"); code != http.StatusOK || string(body) != "signed" {
				t.Errorf("got %d %q of the database, want its answer", code, body)
			}
		})
	}
}

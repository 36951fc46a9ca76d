package engineproxy

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
)

// TestInfo holds that the engine is asked about itself once for each version of its API, that
// an error is not kept, and that nothing else is answered in its place.
func TestInfo(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	var broken atomic.Bool
	broken.Store(true)
	_, client := newProxy(t, func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
		w.Header().Set("X-Path", r.URL.Path)
		fmt.Fprint(w, r.Method, r.URL.Path, asked.Add(1))
	})
	get := func(method, path string) string {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "http://docker"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	check := func(method, path, want string) {
		t.Helper()
		if got := get(method, path); got != want {
			t.Errorf("%s %s: got %q, want %q", method, path, got, want)
		}
	}
	check("GET", "/v1.45/info", "GET/v1.45/info1")
	broken.Store(false)
	check("GET", "/v1.45/info", "GET/v1.45/info2")
	check("GET", "/v1.45/info", "GET/v1.45/info2")
	check("GET", "/v1.44/info", "GET/v1.44/info3")
	check("GET", "/v1.45/info", "GET/v1.45/info2")
	check("POST", "/v1.45/info", "POST/v1.45/info4")
	check("GET", "/v1.45/containers/info", "GET/v1.45/containers/info5")
}

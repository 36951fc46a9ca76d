package engineproxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"sync"
	"time"
)

// infoLasts is how long an answer about the engine itself is given again. gitea-runner asks
// about a hundred times in a job for the engine's architecture, which no engine changes, and
// an engine starts two programs for each answer: 45 ms on a machine where a push takes 24 s.
const infoLasts = time.Minute

// infoPath is the path of a question about the engine itself.
var infoPath = regexp.MustCompile(`^(/v[0-9.]+)?/info$`)

// infos are answers about the engine itself, by path. The zero value is empty.
type infos struct {
	mu  sync.Mutex
	all map[string]info
}

type info struct {
	header http.Header
	body   []byte
	at     time.Time
}

// serve answers from an earlier answer, and tells whether it did.
func (i *infos) serve(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet || !infoPath.MatchString(r.URL.Path) {
		return false
	}
	i.mu.Lock()
	kept, there := i.all[r.URL.Path]
	i.mu.Unlock()
	if !there || time.Since(kept.at) > infoLasts {
		return false
	}
	for name, values := range kept.header {
		w.Header()[name] = values
	}
	_, _ = w.Write(kept.body) // a client that has gone
	return true
}

// keep keeps an answer about the engine itself.
func (i *infos) keep(resp *http.Response) error {
	if path := resp.Request.URL.Path; resp.StatusCode == http.StatusOK && infoPath.MatchString(path) {
		body, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			return fmt.Errorf("reading about the job engine: %w", err)
		}
		resp.Body = io.NopCloser(bytes.NewReader(body))
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.all == nil {
			i.all = map[string]info{}
		}
		i.all[path] = info{resp.Header.Clone(), body, time.Now()}
	}
	return nil
}

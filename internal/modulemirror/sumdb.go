package modulemirror

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/goproxy/goproxy"
)

// downUntil is a time until which something is not tried.
type downUntil struct {
	mu    sync.Mutex
	until time.Time
}

func (d *downUntil) is() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Now().Before(d.until)
}

func (d *downUntil) begin(length time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.until = time.Now().Add(length)
}

// sumDB passes on the questions to the checksum database of jobs that cannot reach it. Go asks
// first whether a proxy does that, and then asks nobody else: so the answer is yes only where
// the database, or a proxy that passes on too, has answered.
type sumDB struct {
	proxies   []string
	database  string // as GOSUMDB has it
	transport http.RoundTripper
	log       *slog.Logger

	down downUntil
	mu   sync.Mutex
	pass http.Handler // once something has answered
}

func (s *sumDB) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	pass := s.handler(r.Context())
	if pass == nil {
		http.Error(w, "the checksum database cannot be reached from here", http.StatusNotFound)
		return
	}
	pass.ServeHTTP(w, r)
}

// handler returns what passes the questions on, or nil where nothing answers.
func (s *sumDB) handler(ctx context.Context) http.Handler {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pass != nil || s.down.is() {
		return s.pass
	}
	fields := strings.Fields(s.database)
	if len(fields) == 0 || fields[0] == "off" {
		return nil
	}
	name, _, _ := strings.Cut(fields[0], "+")
	ctx, cancel := context.WithTimeout(ctx, queryLimit)
	defer cancel()
	type place struct{ address, question string } // and what it answers, if it is one
	var places []place
	if len(fields) > 1 {
		places = []place{{fields[1], "/latest"}}
	} else {
		for _, proxy := range s.proxies {
			places = append(places, place{strings.TrimSuffix(proxy, "/") + "/sumdb/" + name, "/supported"})
		}
		places = append(places, place{"https://" + name, "/latest"})
	}
	for _, p := range places {
		if s.answers(ctx, p.address+p.question) {
			s.pass = &goproxy.Goproxy{ProxiedSumDBs: []string{name + " " + p.address}, Transport: s.transport, Logger: s.log}
			return s.pass
		}
	}
	s.down.begin(downTime)
	return nil
}

// answers tells whether a GET of an address succeeds.
func (s *sumDB) answers(ctx context.Context, address string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	resp, err := s.transport.RoundTrip(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

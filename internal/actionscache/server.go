package actionscache

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/stackhttp"
)

// Limits of the server.
const (
	leaseTime   = 10 * time.Minute // a lease that is not renewed
	ticketTime  = 10 * time.Minute // a download's address
	maxDocument = 64 << 10         // bytes of a request that is JSON
	jobsPrefix  = "/_apis/artifactcache"
)

// LeasePath is what runners ask.
const LeasePath = "/lease"

// Lease is what a job may do, while it runs.
type Lease struct {
	// Repository is whose entries it sees: no other's.
	Repository string `json:"repository"`
	// Write is the scope of what it keeps: the ref that it runs for, such as refs/heads/main.
	Write string `json:"write"`
	// Read are the scopes in which it looks, in this order.
	Read []string `json:"read"`
}

// Server serves a store to jobs, and takes leases from runners.
type Server struct {
	Store *Store
	Log   *slog.Logger

	leases  expiring[Lease] // by the job's token
	tickets expiring[int64] // entries to download, by a secret part of the address: the toolkit downloads without its token
}

// granted is what a runner sends. The token is that of the job.
type granted struct {
	Token string `json:"token"`
	Lease
}

// Runners is what runners ask: PUT gives or renews a lease, DELETE ends it. It does not
// authenticate them.
func (s *Server) Runners() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT "+LeasePath, func(w http.ResponseWriter, r *http.Request) {
		var in granted
		if !read(w, r, &in) {
			return
		}
		if in.Token == "" || in.Repository == "" || in.Write == "" {
			answer(w, http.StatusBadRequest, errors.New("a lease needs a token, a repository and a scope"))
			return
		}
		s.leases.put(in.Token, in.Lease, s.Store.now(), leaseTime)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("DELETE "+LeasePath, func(w http.ResponseWriter, r *http.Request) {
		var in granted
		if !read(w, r, &in) {
			return
		}
		s.leases.remove(in.Token)
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// Jobs is what the toolkit of actions/cache asks, in the first version of its protocol.
func (s *Server) Jobs() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, h func(http.ResponseWriter, *http.Request, Lease)) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+jobsPrefix+path, func(w http.ResponseWriter, r *http.Request) {
			l, ok := s.leases.get(stackhttp.Bearer(r), s.Store.now())
			if !ok {
				answer(w, http.StatusUnauthorized, errors.New("this job has no cache, or has ended"))
				return
			}
			h(w, r, l)
		})
	}
	handle("GET /cache", s.find)
	handle("POST /caches", s.reserve)
	handle("PATCH /caches/{id}", s.write)
	handle("POST /caches/{id}", s.commit)
	mux.HandleFunc("GET "+jobsPrefix+"/downloads/{ticket}", s.download)
	return mux
}

func (s *Server) find(w http.ResponseWriter, r *http.Request, l Lease) {
	query := r.URL.Query()
	e := s.Store.find(l, strings.Split(query.Get("keys"), ","), query.Get("version"))
	if e == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	name := rand.Text()
	s.tickets.put(name, e.ID, s.Store.now(), ticketTime)
	// The job reaches this server by the address that it has asked.
	answer(w, http.StatusOK, map[string]any{
		"cacheKey": e.Key, "scope": e.Scope, "archiveLocation": "http://" + r.Host + jobsPrefix + "/downloads/" + name,
	})
}

func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	id, ok := s.tickets.get(r.PathValue("ticket"), s.Store.now())
	if !ok {
		answer(w, http.StatusNotFound, errors.New("this address is not valid, or not any more"))
		return
	}
	file, err := s.Store.open(id)
	if err != nil {
		answer(w, http.StatusNotFound, errors.New("what was found is not kept any more"))
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, file)
}

func (s *Server) reserve(w http.ResponseWriter, r *http.Request, l Lease) {
	var in struct {
		Key, Version string
		CacheSize    int64
	}
	if !read(w, r, &in) {
		return
	}
	id, err := s.Store.reserve(l, in.Key, in.Version, in.CacheSize)
	switch {
	case errors.Is(err, errExists):
		answer(w, http.StatusConflict, err)
	case errors.Is(err, errTooLarge):
		answer(w, http.StatusBadRequest, fmt.Errorf("%d bytes are not kept: %w (%d bytes: actions.cacheSize)", in.CacheSize, err, s.Store.limit))
	case err != nil:
		s.failed(w, err)
	default:
		answer(w, http.StatusCreated, map[string]int64{"cacheId": id})
	}
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, l Lease) {
	var first, last int64
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err == nil {
		_, err = fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/*", &first, &last)
	}
	if err == nil {
		err = s.Store.write(l, id, first, last, r.Body)
	}
	if err != nil {
		answer(w, http.StatusBadRequest, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) commit(w http.ResponseWriter, r *http.Request, l Lease) {
	var in struct{ Size int64 }
	if !read(w, r, &in) {
		return
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err == nil {
		err = s.Store.commit(l, id, in.Size)
	}
	if err != nil {
		answer(w, http.StatusBadRequest, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// failed answers that the server is at fault, and logs why.
func (s *Server) failed(w http.ResponseWriter, err error) {
	s.Log.Error("keeping what a workflow caches", "error", err)
	answer(w, http.StatusInternalServerError, err)
}

// read reads a request's JSON; it answers and returns false if that fails.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxDocument)).Decode(into)
	if err != nil {
		answer(w, http.StatusBadRequest, fmt.Errorf("reading the request: %w", err))
	}
	return err == nil
}

// answer sends JSON. Of an error, the toolkit shows the field message.
func answer(w http.ResponseWriter, status int, body any) {
	if err, ok := body.(error); ok {
		body = map[string]string{"message": err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

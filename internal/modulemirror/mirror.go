// Package modulemirror is a mirror of Go modules in the stack, for jobs and the builds of jobs. It
// gets a module once from the proxies that the machine uses, checks it against the checksum
// database, and keeps it on disk (docs/adr/0031-a-mirror-of-go-modules.md). Jobs read it alone: what
// it keeps comes from its proxies.
package modulemirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goproxy/goproxy"
)

// Path is where the cache's server has the mirror.
const Path = "/go-modules/"

const (
	queryLimit    = 20 * time.Second // of a question to the proxies
	downloadLimit = 5 * time.Minute  // of getting a module from them
	downTime      = 30 * time.Second // how long proxies that did not answer are not asked
	atOnce        = 8                // modules that are being downloaded; each is on disk twice meanwhile
	headerLimit   = 10 * time.Second // until a proxy begins to answer
	slowFailure   = 2 * time.Second  // a failure that takes as long has been tried again, in vain
)

// errDown is the answer while the proxies are not asked. Go then asks them itself.
var errDown = errors.New("the proxies of modules did not answer just now")

// Config describes a mirror.
type Config struct {
	Dir     string // is created
	Limit   int64  // bytes of all that is kept
	Proxies string // as GOPROXY has them, without direct and off
	SumDB   string // as GOSUMDB has it
	NoSumDB string // as GONOSUMDB has it
}

// New returns a mirror, which serves the protocol of GOPROXY.
func New(c Config, log *slog.Logger) (http.Handler, error) {
	temporary := filepath.Join(c.Dir, "tmp")
	if err := os.RemoveAll(temporary); err != nil {
		return nil, fmt.Errorf("removing what interrupted downloads left: %w", err)
	}
	if err := os.MkdirAll(temporary, 0o700); err != nil {
		return nil, fmt.Errorf("creating the directory of the modules: %w", err)
	}
	log = log.With("part", "modules")
	store, err := openStore(filepath.Join(c.Dir, "modules"), c.Limit, log)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = headerLimit
	mirror := &goproxy.Goproxy{
		Fetcher: &fetcher{
			Fetcher: &goproxy.GoFetcher{
				Env:     []string{"GOPROXY=" + c.Proxies, "GOSUMDB=" + c.SumDB, "GONOSUMDB=" + c.NoSumDB},
				TempDir: temporary, Transport: transport,
			},
			places: make(chan struct{}, atOnce),
		},
		Cacher: store, TempDir: temporary, Transport: transport, Logger: log,
	}
	mux := http.NewServeMux()
	mux.Handle("/sumdb/", &sumDB{proxies: proxyList(c.Proxies), database: c.SumDB, transport: transport, log: log})
	mux.Handle("/", mirror)
	return mux, nil
}

// proxyList are the addresses in a value of GOPROXY.
func proxyList(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == '|' || c == ' ' })
}

// fetcher bounds how much and how long the proxies are asked. Proxies that are not there cost one
// request its time, and not each.
type fetcher struct {
	goproxy.Fetcher
	places chan struct{}
	down   downUntil
}

// ask calls f when there is a place, unless the proxies are known not to answer.
func (f *fetcher) ask(ctx context.Context, limit time.Duration, what func(ctx context.Context) error) error {
	if f.down.is() {
		return errDown
	}
	select {
	case f.places <- struct{}{}:
		defer func() { <-f.places }()
	case <-ctx.Done():
		return ctx.Err()
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	err := what(limited)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && ctx.Err() == nil && time.Since(began) > slowFailure {
		f.down.begin(downTime)
	}
	return err
}

func (f *fetcher) Query(ctx context.Context, path, query string) (version string, at time.Time, err error) {
	err = f.ask(ctx, queryLimit, func(ctx context.Context) (err error) {
		version, at, err = f.Fetcher.Query(ctx, path, query)
		return err
	})
	return version, at, err
}

func (f *fetcher) List(ctx context.Context, path string) (versions []string, err error) {
	err = f.ask(ctx, queryLimit, func(ctx context.Context) (err error) {
		versions, err = f.Fetcher.List(ctx, path)
		return err
	})
	return versions, err
}

func (f *fetcher) Download(ctx context.Context, path, version string) (info, mod, zip io.ReadSeekCloser, err error) {
	err = f.ask(ctx, downloadLimit, func(ctx context.Context) (err error) {
		info, mod, zip, err = f.Fetcher.Download(ctx, path, version)
		return err
	})
	return info, mod, zip, err
}

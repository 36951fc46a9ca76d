package provider

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestNoAnswer: a port that nobody serves, and one that another program has taken
// and does not answer on, have lost nothing; a server's answer counts.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	// No system gives this port to a listener that asks for any, as those of other tests do.
	const closed = "127.0.0.1:1"
	list := func(address string) error {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := seed{url: "http://" + address + "/gitops/shop.git"}.refs(ctx)
		return err
	}
	get := func(address string) error {
		_, err := (&http.Client{Timeout: 100 * time.Millisecond}).Get("http://" + address)
		return err
	}
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"API, nobody listens": {get(closed), true},
		"API, silence":        {get(silent.Addr().String()), true},
		"git, nobody listens": {list(closed), true},
		"git, silence":        {list(silent.Addr().String()), true},
		"an answer":           {errors.New("500 Internal Server Error"), false},
		"none":                {nil, false},
	} {
		if got := noAnswer(t.Context(), test.err); got != test.want {
			t.Errorf("%s (%v): got %t, want %t", name, test.err, got, test.want)
		}
	}
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	if noAnswer(interrupted, context.DeadlineExceeded) {
		t.Error("an interrupted command is taken for a server without an answer")
	}
}

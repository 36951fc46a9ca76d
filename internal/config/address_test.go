package config

import (
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		host, bind      string
		loopback, local string
		err             string // what the error names
	}{
		{"localhost", "127.0.0.1", "127.0.0.1", "http://127.0.0.1:3000", ""},
		{"LocalHost", "127.0.0.1", "127.0.0.1", "http://127.0.0.1:3000", ""},
		{"forge.localhost", "127.0.0.1", "127.0.0.1", "http://127.0.0.1:3000", ""},
		{"127.0.0.5", "127.0.0.5", "127.0.0.5", "http://127.0.0.5:3000", ""},
		{"127.1.2.3", "0.0.0.0", "127.1.2.3", "http://127.0.0.1:3000", ""},
		{"127.example.org", "127.0.0.1", "", "http://127.0.0.1:3000", ""},
		{"git.example.org", "10.0.0.1", "", "http://10.0.0.1:3000", ""},
		{"git.example.org", "::", "", "http://[::1]:3000", ""},
		{"10.0.0.1", "127.0.0.1", "", "http://127.0.0.1:3000", ""}, // behind a proxy
		{"127.0.0.5", "127.0.0.1", "", "", "set bindAddress to 127.0.0.5"},
		{"127.0.0.1", "127.0.0.5", "", "", "set bindAddress to 127.0.0.1"},
		{"localhost", "10.0.0.1", "", "", "set bindAddress to 127.0.0.1"},
		{"forge.localhost", "127.0.0.2", "", "", "set bindAddress to 127.0.0.1"},
		{"localhost", "::1", "", "", "set bindAddress to 127.0.0.1"},
		{"0.0.0.0", "0.0.0.0", "", "", "no address to connect to"},
		{"::1", "::1", "", "", "host name"},
	} {
		got, err := Parse(values("host", test.host, "bindAddress", test.bind))
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s bound to %s: got %v, want an error with %q", test.host, test.bind, err, test.err)
			}
			continue
		}
		if got.Host != strings.ToLower(test.host) {
			t.Errorf("got host %q, want %q in small letters, as every part compares it", got.Host, test.host)
		}
		if err != nil || got.LoopbackAddress() != test.loopback || got.LocalURL() != test.local {
			t.Errorf("%s bound to %s: got %q and %s, %v, want %q and %s", test.host, test.bind, got.LoopbackAddress(), got.LocalURL(), err, test.loopback, test.local)
		}
	}
}

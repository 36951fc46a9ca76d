package provider

import (
	"net/http"

	gitclient "github.com/go-git/go-git/v5/plumbing/transport/client"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
)

// direct asks the server without the proxies that this process's environment names: they are
// the way to the internet, and the server is on this machine or near it.
var direct = func() http.RoundTripper {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	return transport
}()

// httpClient is for requests to the server's API.
var httpClient = &http.Client{Timeout: requestTimeout, Transport: direct}

// Git asks the server in the same way. go-git has one list of transports for a process.
func init() {
	for _, scheme := range []string{"http", "https"} {
		gitclient.InstallProtocol(scheme, githttp.NewClient(&http.Client{Transport: direct}))
	}
}

//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"net/http"
)

// webhook makes a webhook of the owner's repository to a listener on the private address of
// the Docker host's bridge. It returns what receives the first delivery.
func (p *project) webhook() <-chan string {
	p.t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(bridgeAddress(p.t).String(), "0"))
	if err != nil {
		p.t.Fatalf("listening on the bridge's address: %v", err)
	}
	delivered := make(chan string, 1)
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case delivered <- r.Header.Get("X-Gitea-Event"):
		default:
		}
	})}
	go func() { _ = server.Serve(listener) }()
	p.t.Cleanup(func() { _ = server.Close() })
	owner := p.owner()
	owner.api(http.MethodPost, fmt.Sprintf("/repos/%s/gitops-pipeline/hooks", owner.user), map[string]any{
		"type": "gitea", "active": true, "events": []string{"push"},
		"config": map[string]string{"url": "http://" + listener.Addr().String(), "content_type": "json"},
	}, nil)
	return delivered
}

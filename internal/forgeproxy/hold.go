package forgeproxy

import (
	"context"
	"time"

	runnerv1 "code.gitea.io/actions-proto-go/runner/v1"
)

// withoutEvent marks the request of a question that has waited for an event in vain.
type withoutEvent struct{}

// hold has a question for a task wait until the forge may have one, and tells whether it has
// waited in vain. The number of events is from before the forge is asked: an event that comes
// meanwhile ends the next wait at once.
//
// A runner that has just started, or has had a task, asks as one that knows nothing of the
// forge's tasks: that question does not wait.
func (p *Proxy) hold(ctx context.Context, encoding string, body []byte) (inVain bool) {
	var question runnerv1.FetchTaskRequest
	if p.Tasks == nil || !parse(encoding, body, &question) || question.TasksVersion == 0 {
		return false
	}
	p.mu.Lock()
	seen, distrusted := p.seen, time.Now().Before(p.distrusted)
	p.mu.Unlock()
	if distrusted {
		return false
	}
	now, err := p.Tasks.Wait(ctx, seen)
	if err != nil {
		return false // the forge is down, or has none of it: the runner asks all the time
	}
	p.mu.Lock()
	p.seen = now
	p.mu.Unlock()
	return now == seen
}

// askAllTheTime has no question wait for some time.
func (p *Proxy) askAllTheTime(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.distrusted = time.Now().Add(d)
}

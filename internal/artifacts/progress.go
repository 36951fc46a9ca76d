package artifacts

import (
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	quick     = time.Second      // a step that is shorter is not worth a line
	heartbeat = 15 * time.Second // how often a running step says that it still runs
)

// Progress prints plain lines about what is being built and for how long.
type Progress struct {
	mu  sync.Mutex
	out io.Writer
}

// NewProgress returns a Progress that prints to out.
func NewProgress(out io.Writer) *Progress {
	if p, ok := out.(*Progress); ok {
		return p
	}
	return &Progress{out: out}
}

// Write prints one piece at a time, whoever prints.
func (p *Progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

// Step runs f, which builds what name says; see Doing.
func (p *Progress) Step(name string, f func() error) error {
	return p.Doing("building", "built", name, f)
}

// Doing runs f. One that takes longer than quick is announced, such as "pulling
// IMAGE", and again at each heartbeat; at its end, "pulled IMAGE in 3s" says how
// long it took.
func (p *Progress) Doing(doing, done, name string, f func() error) error {
	start := time.Now()
	ended, announced := make(chan struct{}), make(chan bool, 1)
	go func() {
		said := false
		t := time.NewTimer(quick)
		defer t.Stop()
		for {
			select {
			case <-ended:
				announced <- said
				return
			case <-t.C:
				if said {
					fmt.Fprintf(p, "%s %s … %s\n", doing, name, time.Since(start).Round(time.Second))
				} else {
					fmt.Fprintf(p, "%s %s\n", doing, name)
				}
				said = true
				t.Reset(heartbeat)
			}
		}
	}()
	err := f()
	close(ended)
	if <-announced && err == nil {
		fmt.Fprintf(p, "%s %s in %s\n", done, name, time.Since(start).Round(100*time.Millisecond))
	}
	return err
}

package parts

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// heartbeat is how often a running step says that it still runs.
const heartbeat = 15 * time.Second

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

// step runs f, saying what runs, at each heartbeat for how long, and at the
// end how long it took.
func (p *Progress) step(name string, f func() error) error {
	start := time.Now()
	fmt.Fprintf(p, "building %s\n", name)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		t := time.NewTicker(heartbeat)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				fmt.Fprintf(p, "building %s … %s\n", name, time.Since(start).Round(time.Second))
			}
		}
	}()
	err := f()
	close(done)
	wg.Wait()
	if err == nil {
		fmt.Fprintf(p, "built %s in %s\n", name, time.Since(start).Round(100*time.Millisecond))
	}
	return err
}

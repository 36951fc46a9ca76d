// Package rows measures the rows of docs/performance.md, some of them also by hand.
package rows

import (
	"context"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
	"github.com/gitops-pipeline/gitops-pipeline/bench/stack"
)

// Row is one row of the document, or two that are measured together.
type Row struct {
	Numbers []int
	Name    string
	Measure func(context.Context, *Bench) ([]report.Figure, error)
}

// All are the rows in the order in which they are measured: the idle stack is created first
// and measured last, and the rows that make the busy stack larger come late.
var All = []Row{
	{[]int{1}, "push to green", push},
	{[]int{2}, "pick-up", pickUp},
	{[]int{5}, "no-op up", noOp},
	{[]int{9}, "growth", growth},
	{[]int{3, 4}, "up, and the first green run", up},
	{[]int{7}, "idle memory", memory},
}

// Bench is the state that the rows share.
type Bench struct {
	Site  *stack.Site
	Short bool                             // take few samples
	Say   func(format string, args ...any) // prints progress

	stacks map[string]*stack.Stack // see Stack
}

// few returns n, or less if few samples are wanted.
func (b *Bench) few(n, less int) int {
	if b.Short {
		return less
	}
	return n
}

// Idle is the stack that does nothing after its first run. Pushes go to busy.
const Idle, busy = "idle", "busy"

// Stack returns a stack that rows share, and brings it up the first time.
func (b *Bench) Stack(ctx context.Context, name string) (*stack.Stack, error) {
	if s := b.stacks[name]; s != nil {
		return s, nil
	}
	b.Say("  bringing up the %s stack", name)
	s, err := b.Site.New(ctx)
	if err != nil {
		return nil, err
	}
	if b.stacks == nil {
		b.stacks = map[string]*stack.Stack{}
	}
	b.stacks[name] = s
	_, err = s.Up(ctx)
	return s, err
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// timed returns how many seconds f took.
func timed(f func() error) (float64, error) {
	start := time.Now()
	err := f()
	return time.Since(start).Seconds(), err
}

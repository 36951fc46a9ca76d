// Command bench measures the pipeline against the floor: each figure beside the
// same work done by hand, in turn, on the same machine. It is no test: a slow
// figure fails nothing, and only work that succeeded is counted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// Where the figures go, below the project's root.
const (
	resultsFile  = "bench/results.json"
	documentFile = "docs/performance.md"
	chartFile    = "docs/performance.svg"
)

// rows are all that is measured, in the order of measuring: the idle stack comes
// first and is looked at last, and what leaves the stack bigger comes late. A row
// that would take longer than its time takes fewer samples.
var rows = []struct {
	number  int
	name    string
	time    time.Duration
	measure func(*bench, context.Context) ([]report.Figure, error)
}{
	{1, "push to green", 5 * time.Minute, (*bench).push},
	{2, "pick-up", 4 * time.Minute, (*bench).pickUp},
	{5, "no-op up", time.Minute, (*bench).noOp},
	{9, "growth", 3 * time.Minute, (*bench).growth},
	{8, "the service", 2 * time.Minute, (*bench).service},
	{3, "first green run", 6 * time.Minute, (*bench).firstRun},
	{4, "up", 6 * time.Minute, (*bench).upFromImages},
	{6, "down", 6 * time.Minute, (*bench).down},
	{10, "parts", 3 * time.Minute, (*bench).parts},
	{7, "idle memory", 0, (*bench).memory},
}

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		os.Exit(1)
	}
}

type options struct {
	rows        []int
	short, cold bool
	render      bool
}

func parse(args []string) (options, error) {
	o := options{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	only := flags.String("rows", "", "measure these rows alone, such as 1,2,5; the others keep their figures")
	flags.BoolVar(&o.short, "short", false, "few samples, for a look")
	flags.BoolVar(&o.cold, "cold", false, "row 10 also from cold caches, which takes about half an hour more")
	flags.BoolVar(&o.render, "render", false, "measure nothing; make table and chart of what was measured")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	for _, row := range rows {
		o.rows = append(o.rows, row.number)
	}
	if *only == "" {
		return o, nil
	}
	all := o.rows
	o.rows = nil
	for word := range strings.SplitSeq(*only, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || !slices.Contains(all, n) {
			return o, fmt.Errorf("-rows has %q; set it to numbers from 1 to %d with commas in between", word, slices.Max(all))
		}
		o.rows = append(o.rows, n)
	}
	return o, nil
}

func run(ctx context.Context, args []string) (err error) {
	o, err := parse(args)
	if err != nil {
		return err
	}
	p, err := project.Find(".")
	if err != nil {
		return err
	}
	path := filepath.Join(p.Root, resultsFile)
	results, err := report.Load(path)
	if err != nil {
		return err
	}
	if err := report.Check(filepath.Join(p.Root, documentFile)); err != nil {
		return err // now, not after an hour
	}
	if o.render {
		return render(p, results)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go interrupts(cancel)
	b, err := newBench(ctx, p, o)
	defer func() { err = errors.Join(err, b.cleanUp()) }()
	if err != nil {
		return err
	}
	return b.all(ctx, path)
}

// all measures the rows, one after the other; what one gave is kept, whatever
// comes of the next.
func (b *bench) all(ctx context.Context, path string) error {
	start := time.Now()
	for _, row := range rows {
		if !b.wanted(row.number) {
			continue
		}
		b.say("row %d: %s", row.number, row.name)
		began := time.Now()
		b.began, b.time = began, row.time
		figures, err := b.measure(ctx, row.measure)
		if ctx.Err() != nil {
			return errors.New("interrupted; the rows that were done are kept")
		}
		if err != nil {
			b.say("row %d FAILED: %v", row.number, err)
		}
		if err := b.keep(path, row.number, figures); err != nil {
			return err
		}
		b.say("row %d took %s", row.number, time.Since(began).Round(time.Second))
	}
	b.say("all rows took %s", time.Since(start).Round(time.Second))
	return nil
}

// measure runs one row; a panic ends that row alone.
func (b *bench) measure(ctx context.Context, row func(*bench, context.Context) ([]report.Figure, error)) (figures []report.Figure, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return row(b, ctx)
}

// keep puts a row's figures into the results, and makes table and chart of them.
func (b *bench) keep(path string, row int, figures []report.Figure) error {
	results, err := report.Load(path)
	if err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Second)
	for i := range figures {
		figures[i].Date, figures[i].Short = now, b.o.short
		figures[i].Done()
		b.say("  %s", figures[i].Line())
	}
	results.Put(row, figures)
	results.Date, results.Machine, results.Commit = now, b.machine, b.commit
	if err := results.Save(path); err != nil {
		return err
	}
	return render(b.project, results)
}

func render(p project.Project, r report.Report) error {
	if err := r.Update(filepath.Join(p.Root, documentFile)); err != nil {
		return err
	}
	return r.SaveChart(filepath.Join(p.Root, chartFile))
}

// interrupts ends the measuring at the first signal, so that all that was made
// is removed, and everything at the second.
func interrupts(cancel context.CancelFunc) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	<-signals
	fmt.Fprintln(os.Stderr, "\nremoving what was made, which takes a moment; press Ctrl-C again to leave it")
	cancel()
	<-signals
	os.Exit(1)
}

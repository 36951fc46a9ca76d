// Command bench measures the pipeline and, on the same machine, the same work done by
// hand. It writes the table in docs/performance.md. It is not a test: a slow figure fails
// nothing. Only work that succeeded is counted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
	"github.com/gitops-pipeline/gitops-pipeline/bench/rows"
	"github.com/gitops-pipeline/gitops-pipeline/bench/stack"
)

const document = "../docs/performance.md"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process without cleaning up
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// parse reads which rows to measure, and whether with few samples.
func parse(args []string) (chosen []rows.Row, short bool, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	only := flags.String("rows", "1,2,3,4,5,7,9", "measure only these rows, such as 1,2,5; the others keep their figures")
	flags.BoolVar(&short, "short", false, "take few samples, print the figures, and leave the document as it is")
	if err := flags.Parse(args); err != nil {
		return nil, short, err
	}
	for _, row := range rows.All {
		row.Numbers = slices.DeleteFunc(slices.Clone(row.Numbers), func(n int) bool { return !slices.Contains(strings.Split(*only, ","), strconv.Itoa(n)) })
		if len(row.Numbers) > 0 {
			chosen = append(chosen, row)
		}
	}
	if len(chosen) == 0 {
		return nil, short, fmt.Errorf("-rows is %q; name some of 1, 2, 3, 4, 5, 7 and 9, with commas in between", *only)
	}
	return chosen, short, nil
}

func run(ctx context.Context, args []string) (err error) {
	chosen, short, err := parse(args)
	if err != nil {
		return err
	}
	if err := report.Update(document, "", nil); err != nil {
		return err // now, and not after an hour of measuring
	}
	site, err := stack.Open(ctx, "..")
	defer func() { err = errors.Join(err, site.Close()) }()
	if err != nil {
		return err
	}
	machine := fmt.Sprintf("Measured on %s at commit %.12s: %d cores, %.1f GB of memory, kernel %s, Docker %s, cgroup v%s, %s.",
		time.Now().UTC().Format(time.DateOnly), site.Commit, runtime.NumCPU(), float64(site.Facts.Info.MemTotal)/1e9,
		site.Facts.Info.KernelVersion, site.Facts.Version, site.Facts.Info.CgroupVersion, runtime.Version())
	start := time.Now()
	b := &rows.Bench{Site: site, Short: short, Say: func(format string, args ...any) {
		fmt.Printf("%7s  %s\n", time.Since(start).Round(time.Second), fmt.Sprintf(format, args...))
	}}
	if slices.Contains(chosen[len(chosen)-1].Numbers, 7) {
		if _, err := b.Stack(ctx, rows.Idle); err != nil { // it is idle from now on
			return err
		}
	}
	var failed []error
	for _, row := range chosen {
		b.Say("rows %d: %s", row.Numbers, row.Name)
		figures, err := row.Measure(ctx, b)
		if ctx.Err() != nil {
			return errors.New("interrupted; the rows that were measured are kept")
		}
		for _, f := range figures {
			b.Say("  %s", f)
		}
		if !short {
			err = errors.Join(err, report.Update(document, machine, figures))
		}
		if err != nil {
			b.Say("FAILED: %v", err)
			failed = append(failed, fmt.Errorf("rows %d: %w", row.Numbers, err))
		}
	}
	return errors.Join(failed...)
}

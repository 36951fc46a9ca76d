// Command pipeline is the launcher: it creates a self-hosted pipeline on one Docker
// host, shows its state, and removes it. The machine needs no Pulumi.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/gitops-pipeline/gitops-pipeline/internal/lifecycle"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	streams := ioStreams{in: os.Stdin, stdout: os.Stdout, out: ui.NewPrinter(os.Stdout), err: ui.NewPrinter(os.Stderr)}
	go interrupts(streams.err, cancel)
	os.Exit(execute(ctx, streams, os.Args[1:]))
}

// ioStreams are the standard streams of the program.
type ioStreams struct {
	in       io.Reader
	stdout   io.Writer // for --json
	out, err *ui.Printer
}

// errReported is the error of a command that has printed its error already.
var errReported = errors.New("reported")

// execute runs one command and returns the exit code.
func execute(ctx context.Context, streams ioStreams, args []string) int {
	g := &global{ioStreams: streams}
	root := rootCommand(g)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	code := exitFailed
	if !g.parsed || problem.IsUsage(err) {
		code = exitUsage
	}
	if errors.Is(err, errReported) {
		return code
	}
	if ctx.Err() != nil && code == exitFailed {
		text := "interrupted"
		var interrupted *lifecycle.Interrupted
		if errors.As(err, &interrupted) {
			text = interrupted.Error()
		}
		fmt.Fprintln(streams.err, text+"; the same command continues from here")
		return code
	}
	fmt.Fprintf(streams.err, "error: %v\n", err)
	if next := problem.Next(err); next != "" {
		fmt.Fprintf(streams.err, "next:  %s\n", next)
	} else if code == exitUsage {
		fmt.Fprintln(streams.err, "next:  see pipeline --help")
	}
	return code
}

// interrupts cancels at the first signal, so that running steps end in order,
// and stops everything at the second.
func interrupts(out io.Writer, cancel context.CancelFunc) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	<-signals
	fmt.Fprintln(out, "\nstopping in order, which may take a moment; press Ctrl-C again to stop at once")
	cancel()
	<-signals
	pulumi.KillRunning()
	fmt.Fprintln(out, "stopped at once; the next `pipeline up` or `pipeline down` cleans up")
	os.Exit(exitFailed)
}

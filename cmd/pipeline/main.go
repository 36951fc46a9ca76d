// Command pipeline is the launcher: it brings a self-hosted pipeline up on one
// Docker host, shows how it is, and takes it down, on machines that have no Pulumi.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

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
	a := &app{out: ui.NewPrinter(os.Stdout), err: ui.NewPrinter(os.Stderr), stdout: os.Stdout, in: os.Stdin}
	go a.interrupts(cancel)
	os.Exit(a.main(ctx, os.Args[1:]))
}

// app is what the commands share.
type app struct {
	out, err *ui.Printer
	stdout   io.Writer // for --json
	in       io.Reader
	command  atomic.Pointer[pulumi.Command] // Pulumi, once it is found
	opts     options
	begun    bool // the arguments were understood
}

// main runs one command and returns the exit code.
func (a *app) main(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	code := exitFailed
	var usage *usageError
	if !a.begun || errors.As(err, &usage) {
		code = exitUsage
	}
	if errors.Is(err, errReported) {
		return code
	}
	if ctx.Err() != nil && code == exitFailed {
		fmt.Fprintln(a.err, "interrupted; the same command goes on from here")
		return code
	}
	fmt.Fprintf(a.err, "error: %v\n", err)
	if next := problem.Next(err); next != "" {
		fmt.Fprintf(a.err, "next:  %s\n", next)
	} else if code == exitUsage {
		fmt.Fprintln(a.err, "next:  see pipeline --help")
	}
	return code
}

// errReported says that all there is to say has been printed.
var errReported = errors.New("reported")

// usageError is the user's mistake in calling the launcher.
type usageError struct{ err error }

func (u *usageError) Error() string { return u.err.Error() }
func (u *usageError) Unwrap() error { return u.err }

// interrupts cancels at the first signal, so that what has begun ends in order,
// and stops everything at the second.
func (a *app) interrupts(cancel context.CancelFunc) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	<-signals
	fmt.Fprintln(a.err, "\nstopping in order, which may take a moment; press Ctrl-C again to stop at once")
	cancel()
	<-signals
	if command := a.command.Load(); command != nil {
		command.Kill()
	}
	fmt.Fprintln(a.err, "stopped at once; the next `pipeline up` or `pipeline down` cleans up")
	os.Exit(exitFailed)
}

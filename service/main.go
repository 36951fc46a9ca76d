// Command service is the pipeline's demo: a small HTTP service with health and
// readiness probes. It uses the standard library only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Limits of the HTTP server, against slow or silent clients.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 10 * time.Second
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 16 << 10
	probeTimeout      = 3 * time.Second
)

func main() {
	stop := make(chan os.Signal, 2)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	if err := run(context.Background(), os.Args[1:], os.Getenv, stop, os.Stdout, nil); err != nil {
		fmt.Fprintln(os.Stderr, "service:", err)
		os.Exit(1)
	}
}

// run serves until stop delivers a signal or ctx ends. Then it drains: during the drain
// pause it is not ready, so that load balancers use other replicas, and then it shuts down,
// which lets requests finish until the shutdown's limit. If listening is not nil, run calls
// it with the listener's address as soon as the port is open. It returns nil after a clean
// stop.
func run(ctx context.Context, args []string, getenv func(string) string, stop <-chan os.Signal, logs io.Writer, listening func(net.Addr)) error {
	cfg, err := loadConfig(getenv)
	if err != nil {
		return err
	}
	flags := flag.NewFlagSet("service", flag.ContinueOnError)
	flags.SetOutput(logs)
	probeOnly := flags.Bool("probe", false, "request /health of the running service, and exit 0 if it answers 200")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *probeOnly {
		return probe(ctx, cfg.port)
	}

	log := slog.New(slog.NewJSONHandler(logs, nil))
	state := newState(time.Now())
	server := &http.Server{
		Handler:           newHandler(state, log),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("", cfg.port))
	if err != nil {
		return fmt.Errorf("listening on port %s: %w; set PORT to a free one", cfg.port, err)
	}
	ready := time.AfterFunc(cfg.readyAfter, func() { state.setReady(true) })
	defer ready.Stop()
	if cfg.readyAfter == 0 {
		state.setReady(true)
	}
	log.Info("listening", "address", listener.Addr().String(), "revision", buildVersion().Revision)
	if listening != nil {
		listening(listener.Addr())
	}

	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serving: %w", err)
	case sig := <-stop:
		log.Info("stopping", "signal", sig.String(), "drain", cfg.drain.String())
	case <-ctx.Done():
		log.Info("stopping", "reason", ctx.Err().Error(), "drain", cfg.drain.String())
	}
	ready.Stop()
	state.drain()

	// A second signal ends the pause; running requests still finish.
	select {
	case <-time.After(cfg.drain):
	case <-stop:
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.shutdown)
	defer cancel()
	if err := server.Shutdown(bounded); err != nil {
		return errors.Join(fmt.Errorf("shutting down within %s: %w", cfg.shutdown, err), server.Close())
	}
	log.Info("stopped")
	return nil
}

// probe requests the health of the service on this host. It is the HEALTHCHECK of the
// container, so the image needs no other program.
func probe(ctx context.Context, port string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	url := "http://" + net.JoinHostPort("127.0.0.1", port) + "/health"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("probing: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("probing: %s answered %s", url, resp.Status)
	}
	return nil
}

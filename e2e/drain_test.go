//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestRollingStops stops two replicas of the service in turn with SIGTERM, under load from a
// client that honours /ready. No request may fail.
func TestRollingStops(t *testing.T) {
	stops, requests := long(4, 20), int64(long(20_000, 100_000))
	program := buildService(t)
	replicas := []*replica{newReplica(t, program), newReplica(t, program)}
	for _, r := range replicas {
		r.start(t)
		r.awaitReady(t)
	}

	var done, failed atomic.Int64
	var firstFailure atomic.Value
	stop := make(chan struct{})
	var workers sync.WaitGroup
	for w := range 8 {
		workers.Go(func() {
			for i := w; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				r := replicas[i%2]
				if !r.ready.Load() {
					continue // the other one's turn
				}
				if _, err := get(r.url + "/version"); err != nil {
					failed.Add(1)
					firstFailure.CompareAndSwap(nil, err.Error())
				}
				done.Add(1)
			}
		})
	}
	start := time.Now()
	for i := range stops {
		// The stops are spread over the requests.
		for share := requests * int64(i) / int64(stops); done.Load() < share; {
			time.Sleep(time.Millisecond)
		}
		r := replicas[i%2]
		r.stop(t)
		r.start(t)
		r.awaitReady(t)
	}
	for done.Load() < requests {
		time.Sleep(time.Millisecond)
	}
	took := time.Since(start)
	close(stop)
	workers.Wait()
	t.Logf("%d stops, %d failed of %d requests in %.1fs", stops, failed.Load(), done.Load(), took.Seconds())
	if failed.Load() > 0 {
		t.Errorf("got %d failed requests, want none; the first: %v", failed.Load(), firstFailure.Load())
	}
}

// TestHalfOpen opens connections that never finish their request. The service must close them
// in time, and answer other requests meanwhile.
func TestHalfOpen(t *testing.T) {
	n := long(200, 1000)
	r := newReplica(t, buildService(t))
	r.start(t)
	r.awaitReady(t)

	start := time.Now()
	ended := make(chan time.Duration, n)
	for range n {
		conn, err := net.Dial("tcp", "127.0.0.1:"+r.port)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := conn.Write([]byte("GET /health HTTP/1.1\r\nHost: ")); err != nil {
			t.Fatal(err)
		}
		go func() {
			_ = conn.SetReadDeadline(start.Add(patience))
			_, err := io.Copy(io.Discard, conn)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				ended <- time.Hour
				return
			}
			ended <- time.Since(start)
		}()
	}
	slowest, answers := time.Duration(0), 0
	for left := n; left > 0; {
		select {
		case took := <-ended:
			left--
			slowest = max(slowest, took)
		default:
			if _, err := get(r.url + "/health"); err != nil {
				t.Fatalf("with %d half-open connections: %v", left, err)
			}
			answers++
		}
	}
	t.Logf("%d half-open connections closed after %.1fs at the latest; %d answers meanwhile", n, slowest.Seconds(), answers)
	if slowest >= patience {
		t.Error("got connections that the service never closed")
	}
}

// replica is one process of the service, and what its client knows of it.
type replica struct {
	program, port, url string
	cmd                *exec.Cmd
	log                bytes.Buffer
	ready              atomic.Bool
}

// newReplica prepares a replica and polls its /ready until the test ends.
func newReplica(t *testing.T, program string) *replica {
	t.Helper()
	r := &replica{program: program, port: strconv.Itoa(freePort(t))}
	r.url = "http://127.0.0.1:" + r.port
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-done:
				return
			case <-tick.C:
				_, err := get(r.url + "/ready")
				r.ready.Store(err == nil)
			}
		}
	}()
	t.Cleanup(func() {
		close(done)
		<-ended
		if r.cmd != nil && r.cmd.ProcessState == nil {
			_ = r.cmd.Process.Kill()
			_ = r.cmd.Wait()
		}
	})
	return r
}

func (r *replica) start(t *testing.T) {
	t.Helper()
	r.cmd = exec.Command(r.program)
	r.cmd.Env = append(os.Environ(), "PORT="+r.port, "DRAIN=1s")
	r.cmd.Stdout, r.cmd.Stderr = &r.log, &r.log
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

// stop sends SIGTERM to the replica, which must end cleanly.
func (r *replica) stop(t *testing.T) {
	t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Wait(); err != nil {
		t.Fatalf("stopping a replica: %v\n%s", err, r.log.String())
	}
}

func (r *replica) awaitReady(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); !r.ready.Load(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s was not ready in %s", r.url, patience)
		}
	}
}

func buildService(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "service")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = filepath.Join("..", "service")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the service: %v\n%s", err, out)
	}
	return program
}

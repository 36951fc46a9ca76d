package forward

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func newForwards(t *testing.T) *Forwards {
	f := New(slog.New(slog.NewTextHandler(t.Output(), nil)))
	t.Cleanup(f.Close)
	return f
}

func TestTCPPassesBothDirectionsAndTheirEnds(t *testing.T) {
	t.Parallel()
	target, here := listen(t), listen(t)
	heard := make(chan string, 1)
	go func() {
		c, err := target.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		all, err := io.ReadAll(c) // to the end that the client gives
		if err != nil {
			t.Error(err)
		}
		heard <- string(all)
		_, _ = io.WriteString(c, "answer")
	}()
	newForwards(t).TCP(here, target.Addr().String())
	c, err := net.Dial("tcp", here.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "question"); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil || string(answer) != "answer" || <-heard != "question" {
		t.Errorf("got %q, %v", answer, err)
	}
}

// TestTCPTriesEachConnectionAgain has the target away for the first connection and there
// for the second.
func TestTCPTriesEachConnectionAgain(t *testing.T) {
	t.Parallel()
	target, here := listen(t), listen(t)
	address := target.Addr().String()
	newForwards(t).TCP(here, address)
	if err := target.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", here.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(c); err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
		t.Errorf("got %v, want that the connection ends as the target is away", err)
	}
	back, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	go func() {
		if c, err := back.Accept(); err == nil {
			_, _ = io.WriteString(c, "back")
			_ = c.Close()
		}
	}()
	if c, err = net.Dial("tcp", here.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); err != nil || string(got) != "back" {
		t.Errorf("got %q, %v", got, err)
	}
}

// failing is a listener whose first attempts to accept a connection fail.
type failing struct {
	net.Listener
	left int
}

func (f *failing) Accept() (net.Conn, error) {
	if f.left--; f.left >= 0 {
		return nil, syscall.EMFILE
	}
	return f.Listener.Accept()
}

// TestTCPGoesOnAfterAnError has no free file descriptor for a while.
func TestTCPGoesOnAfterAnError(t *testing.T) {
	t.Parallel()
	target, here := listen(t), listen(t)
	newForwards(t).TCP(&failing{here, 2}, target.Addr().String())
	go func() {
		if c, err := target.Accept(); err == nil {
			_, _ = io.WriteString(c, "answer")
			_ = c.Close()
		}
	}()
	c, err := net.Dial("tcp", here.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, err := io.ReadAll(c); err != nil || string(got) != "answer" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestUDPAnswersWhoAsked(t *testing.T) {
	t.Parallel()
	target, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	go func() {
		buffer := make([]byte, 512)
		for {
			n, from, err := target.ReadFrom(buffer)
			if err != nil {
				return
			}
			_, _ = target.WriteTo([]byte("re: "+string(buffer[:n])), from)
		}
	}()
	here, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	newForwards(t).UDP(here, target.LocalAddr().String())
	for _, question := range []string{"one", "two"} {
		c, err := net.Dial("udp", here.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, question); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, 512)
		if n, err := c.Read(answer); err != nil || string(answer[:n]) != "re: "+question {
			t.Errorf("got %q, %v", answer[:n], err)
		}
	}
}

func TestCloseEndsListenersAndConnections(t *testing.T) {
	t.Parallel()
	target, here := listen(t), listen(t)
	f := newForwards(t)
	f.TCP(here, target.Addr().String())
	c, err := net.Dial("tcp", here.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := target.Accept(); err != nil { // it is through
		t.Fatal(err)
	}
	f.Close()
	if n, err := c.Read(make([]byte, 1)); err == nil {
		t.Errorf("got %d bytes over a connection of forwards that were closed", n)
	}
	if _, err := net.Dial("tcp", here.Addr().String()); err == nil {
		t.Error("the listener of forwards that were closed takes connections")
	}
}

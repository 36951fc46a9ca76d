//go:build e2e

package e2e

import (
	"bytes"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
)

// sshHost serves this machine by SSH on a port of loopback, for a key of its own. It returns
// the address of the Docker host behind it, the environment in which the ssh program has that
// key, and how often a command was run.
func sshHost(t *testing.T) (host string, env []string, commands *atomic.Int64) {
	t.Helper()
	if err := artifacts.Need(t.Context(), artifacts.NewProgress(t.Output()), "ssh", "openssh-client"); err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath("ssh")
	if err != nil {
		t.Fatal(err)
	}
	server, serversFile := newKey(t)
	client, clientsFile := newKey(t)
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if !bytes.Equal(key.Marshal(), client.PublicKey().Marshal()) {
			return nil, errors.New("another key than the test's")
		}
		return nil, nil
	}}
	config.AddHostKey(server)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	commands = new(atomic.Int64)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveSSH(conn, config, commands)
		}
	}()

	dir := filepath.Dir(serversFile)
	port := listener.Addr().(*net.TCPAddr).Port
	known := fmt.Sprintf("[127.0.0.1]:%d %s", port, ssh.MarshalAuthorizedKey(server.PublicKey()))
	settings := fmt.Sprintf("IdentityFile %s\nIdentitiesOnly yes\nBatchMode yes\nUserKnownHostsFile %s\n", clientsFile, filepath.Join(dir, "known"))
	programs := filepath.Join(dir, "bin")
	if err := os.Mkdir(programs, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"known": known, "config": settings,
		"bin/ssh": fmt.Sprintf("#!/bin/sh\nexec %s -F %s \"$@\"\n", program, filepath.Join(dir, "config")),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	env = []string{"PATH=" + programs + string(filepath.ListSeparator) + os.Getenv("PATH")}
	return fmt.Sprintf("ssh://root@127.0.0.1:%d", port), env, commands
}

// newKey makes a key, and writes its private half to a file.
func newKey(t *testing.T) (key ssh.Signer, file string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err = ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return key, file
}

// serveSSH runs the commands of one connection, as sshd does.
func serveSSH(conn net.Conn, config *ssh.ServerConfig, commands *atomic.Int64) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		go func() {
			defer channel.Close()
			for request := range requests {
				var run struct{ Command string }
				if request.Type != "exec" || ssh.Unmarshal(request.Payload, &run) != nil {
					_ = request.Reply(false, nil)
					continue
				}
				_ = request.Reply(true, nil)
				commands.Add(1)
				runSSH(channel, run.Command)
				return
			}
		}()
	}
}

// runSSH runs a command and reports its exit code.
func runSSH(channel ssh.Channel, command string) {
	cmd := exec.Command("sh", "-c", command)
	cmd.Stdout, cmd.Stderr = channel, channel.Stderr()
	stdin, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return
	}
	go func() {
		_, _ = io.Copy(stdin, channel) // Wait must not wait for the client's end
		_ = stdin.Close()
	}()
	_ = cmd.Wait()
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{uint32(cmd.ProcessState.ExitCode())}))
}

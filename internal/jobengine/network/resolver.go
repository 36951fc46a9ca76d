package network

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// Resolver returns the address of the first name server in a resolv.conf.
func Resolver(conf io.Reader) (string, error) {
	lines := bufio.NewScanner(conf)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) >= 2 && fields[0] == "nameserver" {
			return net.JoinHostPort(fields[1], "53"), nil
		}
	}
	return "", fmt.Errorf("finding a name server for jobs: %w", errors.Join(errors.New("resolv.conf names none"), lines.Err()))
}

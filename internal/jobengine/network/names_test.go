package network

import (
	"net"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// TestForgeNamesAnswer asks a socket for names; a server of names behind it gets the rest.
func TestForgeNamesAnswer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		forge, question string
		kind            dnsmessage.Type
		known           bool
		want            string
	}{
		"a host name":          {"git.example.org", "Git.Example.org.", dnsmessage.TypeA, true, "198.18.0.5"},
		"no IPv6":              {"git.example.org", "git.example.org.", dnsmessage.TypeAAAA, true, ""},
		"a name of localhost":  {"forge.localhost", "forge.localhost.", dnsmessage.TypeA, true, "127.0.0.1"},
		"another name":         {"git.example.org", "www.example.org.", dnsmessage.TypeA, false, ""},
		"a name below":         {"git.example.org", "a.git.example.org.", dnsmessage.TypeA, false, ""},
		"an address":           {"192.0.2.7", "192.0.2.7.", dnsmessage.TypeA, false, ""},
		"an address of IPv6":   {"::1", "localhost.", dnsmessage.TypeA, false, ""},
		"a loopback address":   {"127.0.0.5", "localhost.", dnsmessage.TypeA, false, ""},
		"a name with a period": {"git.example.org.", "git.example.org.", dnsmessage.TypeA, true, "198.18.0.5"},
	} {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		socket := forgeNames(c, Links[1], Forge{Address: "forge:3000", Name: test.forge})
		passed := make(chan int, 1)
		go func() {
			size, _, err := socket.ReadFrom(make([]byte, 512))
			if err == nil {
				passed <- size
			}
			close(passed)
		}()
		client, err := net.Dial("udp", c.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		question, err := (&dnsmessage.Message{
			Header:    dnsmessage.Header{ID: 4711, RecursionDesired: true},
			Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(test.question), Type: test.kind, Class: dnsmessage.ClassINET}},
		}).Pack()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Write(question); err != nil {
			t.Fatal(err)
		}
		if !test.known {
			if size := <-passed; size != len(question) {
				t.Errorf("%s: got %d bytes for the name server, want %d", name, size, len(question))
			}
		} else {
			answer := make([]byte, 512)
			_ = client.SetReadDeadline(time.Now().Add(time.Minute))
			size, err := client.Read(answer)
			var message dnsmessage.Message
			if err != nil || message.Unpack(answer[:size]) != nil || message.ID != 4711 || !message.Response || message.RCode != dnsmessage.RCodeSuccess {
				t.Errorf("%s: got %+v, %v, want an answer", name, message, err)
			}
			got := ""
			for _, resource := range message.Answers {
				got += net.IP(resource.Body.(*dnsmessage.AResource).A[:]).String()
			}
			if got != test.want {
				t.Errorf("%s: got the address %q, want %q", name, got, test.want)
			}
		}
		_ = client.Close()
		_ = c.Close()
		for range passed { // until the socket is closed
		}
	}
}

// TestForgeNamesLeaveGarbage holds that what is no question is for the name server.
func TestForgeNamesLeaveGarbage(t *testing.T) {
	t.Parallel()
	n := names{name: "git.example.org."}
	for _, text := range []string{"", "x", "4711 is no header, and no question follows it"} {
		if answer, known := n.answer([]byte(text)); known {
			t.Errorf("%q: got the answer %q", text, answer)
		}
	}
}

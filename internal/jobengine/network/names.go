package network

import (
	"net"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// nameTTL is for how many seconds an answer about the forge's name holds.
const nameTTL = 60

// names is a socket for questions to a name server. It answers those about the forge's name
// itself: name servers may not know it, or know it with an address that jobs do not reach.
type names struct {
	net.PacketConn
	name    string // in lower case, with a dot at its end; empty for none
	address [4]byte
}

// forgeNames makes names of a socket, for the job engine behind a link.
func forgeNames(c net.PacketConn, l Link, forge Forge) names {
	address := l.Outside
	if forge.Loopback() {
		address = net.ParseIP(forge.LoopbackAddress())
	}
	if net.ParseIP(forge.Name) != nil {
		return names{PacketConn: c}
	}
	return names{c, strings.ToLower(strings.TrimSuffix(forge.Name, ".")) + ".", [4]byte(address.To4())}
}

// ReadFrom reads the next question that is for a name server.
func (n names) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		size, from, err := n.PacketConn.ReadFrom(b)
		if err != nil {
			return size, from, err
		}
		answer, known := n.answer(b[:size])
		if !known {
			return size, from, nil
		}
		_, _ = n.WriteTo(answer, from) // a datagram may be lost, and is asked again
	}
}

// answer answers a question about the forge's name. Other questions, and what is no
// question, are for a name server.
func (n names) answer(question []byte) ([]byte, bool) {
	var parser dnsmessage.Parser
	header, err := parser.Start(question)
	if err != nil || header.Response || n.name == "" {
		return nil, false
	}
	questions, err := parser.AllQuestions()
	if err != nil || len(questions) != 1 || strings.ToLower(questions[0].Name.String()) != n.name {
		return nil, false
	}
	q := questions[0]
	reply := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: header.ID, Response: true, Authoritative: true,
			RecursionDesired: header.RecursionDesired, RecursionAvailable: true,
		},
		Questions: questions,
	}
	if q.Type == dnsmessage.TypeA && q.Class == dnsmessage.ClassINET {
		reply.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: nameTTL},
			Body:   &dnsmessage.AResource{A: n.address},
		}}
	}
	answer, err := reply.Pack()
	return answer, err == nil
}

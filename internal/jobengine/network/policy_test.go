package network

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestForge(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ loopback, ip bool }{
		"localhost":       {true, false},
		"forge.localhost": {true, false},
		"127.0.0.1":       {true, false},
		"127.0.0.5":       {true, false},
		"192.0.2.7":       {false, true},
		"127.example.org": {false, false},
		"git.example.org": {false, false},
	} {
		f := Forge{Address: "forge:3000", Name: name}
		if f.Loopback() != want.loopback || f.IP() != want.ip {
			t.Errorf("%s: got loopback %v and address %v, want %v and %v", name, f.Loopback(), f.IP(), want.loopback, want.ip)
		}
	}
}

// texts are the rules as iptables has them, in their order.
func texts(t *testing.T, forge Forge, policy Policy) []string {
	t.Helper()
	all, err := rules(Links, forge, policy, []Destination{{netip.MustParsePrefix("203.0.113.0/24"), 443}})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, r := range all {
		list = append(list, r.table+" "+r.chain+" "+strings.Join(r.spec, " "))
	}
	return list
}

// first is the place of the first rule that contains a text, or -1.
func first(rules []string, text string) int {
	for i, r := range rules {
		if strings.Contains(r, text) {
			return i
		}
	}
	return -1
}

func TestRulesOfEachPolicy(t *testing.T) {
	t.Parallel()
	forge := Forge{Address: "forge:3000", Name: "localhost"}
	for policy, want := range map[Policy]struct{ out, private string }{
		Internet: {"FORWARD -i jobs1 -j ACCEPT", "-i jobs+ -d 10.0.0.0/8 -j REJECT"},
		All:      {"FORWARD -i jobs1 -j ACCEPT", ""},
		Nothing:  {"FORWARD -i jobs1 -j REJECT", ""},
	} {
		got := texts(t, forge, policy)
		out := first(got, want.out)
		if out < 0 {
			t.Errorf("%s: got %q, want %q", policy, got, want.out)
		}
		if want.private != "" && (first(got, want.private) < 0 || first(got, want.private) > out) {
			t.Errorf("%s: private networks are not refused before the internet is allowed: %q", policy, got)
		}
		if open := first(got, "FORWARD -i jobs0 -j ACCEPT"); open >= 0 && first(got, "-i jobs0 -o jobs1 -j DROP") > open {
			t.Errorf("%s: a job reaches the next job engine: %q", policy, got)
		}
		private := first(got, "-j REJECT")
		if proxy := first(got, "FORWARD -i jobs+ -j proxies"); (proxy >= 0) == (policy == Nothing) || proxy > private || proxy > out {
			t.Errorf("%s: a job reaches the proxies by rule %d of %q", policy, proxy, got)
		}
		for _, forged := range []string{"FORWARD -i jobs1 ! -s 198.18.0.6 -j DROP", "INPUT -i jobs1 ! -s 198.18.0.6 -j DROP"} {
			if place := first(got, forged); place < 0 || place > first(got, "ACCEPT") {
				t.Errorf("%s: a packet with a forged source address is answered, %q is rule %d of %q", policy, forged, place, got)
			}
		}
		allowed, special := first(got, "-i jobs+ -d 203.0.113.0/24 -p tcp --dport 443 -j ACCEPT"), first(got, "-d 203.0.113.0/24 -j REJECT")
		if (allowed >= 0) != (policy == Internet) || allowed > special {
			t.Errorf("%s: got what is to be allowed as rule %d, and the refusal as rule %d, of %q", policy, allowed, special, got)
		}
		if refused := first(got, "INPUT -i jobs0 -j REJECT"); refused < first(got, "INPUT -i jobs0 -d 198.18.0.1 -p tcp --dport 3000 -j ACCEPT") {
			t.Errorf("%s: a job does not reach the forge: %q", policy, got)
		}
		if first(got, "DNAT") >= 0 {
			t.Errorf("%s: localhost is translated: %q", policy, got)
		}
	}
	if _, err := rules(Links, forge, "some", nil); err == nil {
		t.Error("an unknown policy is no error")
	}
}

// TestRulesLetNothingInButForgeAndNames lists all that a job may ask of the outer half.
func TestRulesLetNothingInButForgeAndNames(t *testing.T) {
	t.Parallel()
	var open []string
	for _, r := range texts(t, Forge{Address: "forge:8080", Name: "git.example.org", Others: map[string]string{"2200": "forge:22"}}, All) {
		if strings.Contains(r, "INPUT -i jobs0") && strings.HasSuffix(r, "ACCEPT") {
			open = append(open, strings.TrimPrefix(r, "filter INPUT -i jobs0 -d 198.18.0.1 "))
		}
	}
	want := "-p udp --dport 53 -j ACCEPT, -p tcp --dport 53 -j ACCEPT, -p tcp --dport 2200 -j ACCEPT, -p tcp --dport 8080 -j ACCEPT"
	if got := strings.Join(open, ", "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRulesTranslateTheForgesAddress(t *testing.T) {
	t.Parallel()
	got := texts(t, Forge{Address: "forge:3000", Name: "192.0.2.7", Others: map[string]string{"2200": "forge:22"}}, Internet)
	if first(got, "nat PREROUTING -i jobs1 -d 192.0.2.7 -p tcp --dport 2200 -j DNAT --to-destination 198.18.0.5:2200") < 0 ||
		first(got, "nat PREROUTING -i jobs1 -d 192.0.2.7 -p tcp --dport 3000 -j DNAT --to-destination 198.18.0.5:3000") < 0 {
		t.Errorf("got %q, want that the forge's address means the forge", got)
	}
}

func TestResolver(t *testing.T) {
	t.Parallel()
	got, err := Resolver(strings.NewReader("# nameserver 192.0.2.1\nsearch x\nnameserver 127.0.0.11\nnameserver 192.0.2.2\n"))
	if err != nil || got != "127.0.0.11:53" {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := Resolver(strings.NewReader("search x\n")); err == nil {
		t.Error("no name server is no error")
	}
}

// TestAddressesAreNoLANs compares the addresses that job engines have inside with each
// other, and with those that are refused to them: a job finds nothing else there.
func TestAddressesAreNoLANs(t *testing.T) {
	t.Parallel()
	taken := []netip.Prefix{netip.MustParsePrefix(Bridge).Masked(), netip.MustParsePrefix(Pool)}
	for _, l := range Links {
		outside, _ := netip.AddrFromSlice(l.Outside.To4())
		inside, _ := netip.AddrFromSlice(l.Inside.To4())
		ones, _ := mask.Size()
		link := netip.PrefixFrom(outside, ones).Masked()
		if !link.Contains(inside) {
			t.Errorf("%s: %s is not in %s", l.Name, inside, link)
		}
		taken = append(taken, link)
	}
	tests := netip.MustParsePrefix("198.18.0.0/15")
	for i, one := range taken {
		if !tests.Contains(one.Addr()) || one.Bits() < tests.Bits() {
			t.Errorf("%s is not in %s", one, tests)
		}
		for _, other := range taken[:i] {
			if one.Overlaps(other) {
				t.Errorf("%s and %s overlap", one, other)
			}
		}
	}
	if !slices.Contains(special, tests.String()) {
		t.Errorf("the firewall lets jobs through to %s", tests)
	}
}

func TestAnyLinkIsEveryLink(t *testing.T) {
	t.Parallel()
	for _, l := range Links {
		if !strings.HasPrefix(l.Name, strings.TrimSuffix(anyLink, "+")) {
			t.Errorf("%s does not match %s", l.Name, anyLink)
		}
	}
}

func TestParseDestination(t *testing.T) {
	t.Parallel()
	got, err := ParseDestination("10.0.0.0/8:443")
	if want := (Destination{netip.MustParsePrefix("10.0.0.0/8"), 443}); err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, text := range []string{"", "10.0.0.0/8", "10.0.0.0:443", "10.0.0.0/8:65536", "10.0.0.0/8:https", "example.org/8:443"} {
		if got, err := ParseDestination(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

func TestSpecial(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{"127.0.0.1": true, "10.1.2.3": true, "203.0.113.80": true, "9.9.9.9": false} {
		if got := Special(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: got %t, want %t", address, got, want)
		}
	}
}

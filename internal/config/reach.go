package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/gitops-pipeline/gitops-pipeline/internal/inherit"
)

// envKey is the configuration key with a map of variables.
const envKey = "runner.env"

var (
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	// reservedVariable is what the runner itself, or another key, sets in a job.
	reservedVariable = regexp.MustCompile(`^(GITHUB|GITEA|RUNNER|ACTIONS|INPUT|STATE)_|^(CI|HOME|PATH|HOSTNAME|DOCKER_HOST)$`)
	proxyVariable    = regexp.MustCompile(`(?i)^(HTTP|HTTPS|NO)_PROXY$`)
	secretVariable   = regexp.MustCompile(`(?i)(^|_)(PASSWD|PASSWORD|PASSPHRASE|SECRET|TOKEN|AUTH|(SECRET|ACCESS|ACCOUNT|PRIVATE|API)_KEY)$`)
)

// certificates reads runner.certificates. The file is read later: see package inherit.
func (r *reader) certificates() string {
	v := r.text("runner.certificates", inherit.CertificatesHost)
	if v != inherit.CertificatesHost && v != inherit.CertificatesNone && !filepath.IsAbs(v) {
		r.fail("runner.certificates", "is %q; set it to %s, to %s, or to the absolute path of a file with certificates in PEM form",
			v, inherit.CertificatesHost, inherit.CertificatesNone)
	}
	return v
}

// variables reads runner.env. No value of it is in an error: it may be a secret in the wrong
// place. An empty value keeps this machine's value of that variable from jobs.
func (r *reader) variables() map[string]string {
	text := r.text(envKey, "")
	if text == "" {
		return nil
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &given); err != nil || given == nil {
		r.fail(envKey, `is no map of variables; set it to one such as {"GOPROXY": "https://proxy.example.org"}`)
		return nil
	}
	variables := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value, wrong := variable(name, given[name])
		if wrong != "" {
			r.fail(envKey, "%s", wrong)
			continue
		}
		variables[name] = value
	}
	return variables
}

// variable returns the text of a variable, or what is wrong with it.
func variable(name string, given json.RawMessage) (value, wrong string) {
	switch {
	case !variableName.MatchString(name):
		return "", fmt.Sprintf("has %q, which is no name of a variable; use letters, digits and _, with no digit in front", name)
	case proxyVariable.MatchString(name):
		return "", fmt.Sprintf("has %s; remove it, and set proxy.http, proxy.https and proxy.noProxy, by which the firewall lets jobs through to the proxy and the forge is reached directly", name)
	case name == "TZ":
		return "", "has TZ; remove it, and set timezone"
	case reservedVariable.MatchString(name):
		return "", fmt.Sprintf("has %s, which the runner itself sets in each job; remove it, or set it in a workflow", name)
	}
	if json.Unmarshal(given, &value) != nil { // no text
		value = string(given)
	}
	if string(given) == "null" || given[0] == '{' || given[0] == '[' {
		return "", fmt.Sprintf("has %s with a value that is no text, number, true or false; set it to one of these", name)
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		return "", fmt.Sprintf("has %s with a line break or another control character in its value; set it to one line", name)
	}
	if secretVariable.MatchString(name) && value != "" && value != "true" && value != "false" || urlWithPassword.MatchString(value) {
		return "", fmt.Sprintf("has %s, which looks like a secret, and every job and `docker inspect` would show it; remove it, and make it an Actions secret of the repositories that need it", name)
	}
	return value, ""
}

// list reads a list, or text with commas. what says what the list is of, and gives an example.
func (r *reader) list(name, what string) []string {
	text := r.text(name, "")
	if text == "" {
		return nil
	}
	given := strings.Split(text, ",")
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		if err := json.Unmarshal([]byte(text), &given); err != nil {
			r.fail(name, "is no list %s", what)
			return nil
		}
	}
	for i, item := range given {
		given[i] = strings.TrimSpace(item)
	}
	return given
}

// allow reads runner.allow. Each destination is a network or an
// address with a port; an address becomes a network.
func (r *reader) allow(runnerNetwork string) []string {
	const name = "runner.allow"
	var all []string
	for _, text := range r.list(name, `of destinations; set it to one such as ["10.0.0.5:443", "10.1.0.0/16:5000"]`) {
		destination, err := destination(text)
		if err != nil {
			r.fail(name, "has %q: %s; write the address or network and the port that jobs are to reach, such as 10.0.0.5:443 or 10.1.0.0/16:5000", text, err)
			continue
		}
		if !slices.Contains(all, destination) {
			all = append(all, destination)
		}
	}
	if runnerNetwork == NetworkForge && len(all) > 0 {
		r.fail("runner.network", "is %s, so that jobs would reach nothing of runner.allow; set it to %s, or remove runner.allow", NetworkForge, NetworkInternet)
	}
	return all
}

func destination(text string) (string, error) {
	host, port, found := strings.Cut(text, ":")
	if number, err := strconv.ParseUint(port, 10, 16); !found || err != nil || number == 0 {
		return "", errors.New("it ends in no port from 1 to 65535")
	}
	network, err := netip.ParsePrefix(host)
	if address, notAddress := netip.ParseAddr(host); notAddress == nil {
		network, err = netip.PrefixFrom(address, address.BitLen()), nil
	}
	switch {
	case err != nil || !network.Addr().Is4():
		return "", errors.New("it begins with no IPv4 address or network")
	case network != network.Masked():
		return "", fmt.Errorf("the network of that size is %s", network.Masked())
	case network.Bits() == 0:
		return "", fmt.Errorf("that is every address, for which there is runner.network=%s", NetworkAll)
	}
	return network.String() + ":" + port, nil
}

// JobVariables are runner.env and what it leaves to this machine's variables.
func (r RunnerConfig) JobVariables(machine map[string]string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, machine)
	maps.Copy(all, r.Env)
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

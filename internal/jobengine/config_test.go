package jobengine

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/network"
)

func TestParseConfig(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"FORGE": "forge:3000", "FORGE_NAME": "localhost", "NETWORK": "internet", "PROCESS_LIMIT": "4096", "DISK_RESERVE": "1073741824", "PROXY": "10.0.0.1:3128,proxy:80",
		"FORGE_PORTS": "2200=forge:2222,31008=forge:31008", "ALLOW": "10.0.0.0/8:443", "CONTAINERS": `{"GOPROXY":"https://x"}`,
	}
	got, err := ParseConfig(func(name string) string { return good[name] })
	want := Config{network.Forge{Address: "forge:3000", Name: "localhost", Others: map[string]string{"2200": "forge:2222", "31008": "forge:31008"}}, network.Internet, 4096, 1 << 30, []string{"10.0.0.1:3128", "proxy:80"},
		[]network.Destination{{Network: netip.MustParsePrefix("10.0.0.0/8"), Port: 443}}, map[string]string{"GOPROXY": "https://x"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	_, err = ParseConfig(func(string) string { return "" })
	for name := range good {
		if slices.Contains([]string{"PROXY", "ALLOW", "CONTAINERS", "FORGE_PORTS"}, name) {
			continue // it may be empty
		}
		if err == nil || !strings.Contains(err.Error(), name+" is") {
			t.Errorf("got %v, want that it names %s", err, name)
		}
	}
	for name, value := range map[string]string{
		"FORGE": "forge", "NETWORK": "some", "PROCESS_LIMIT": "0", "DISK_RESERVE": "1g", "PROXY": "proxy",
		"FORGE_PORTS": "2222", "ALLOW": "10.0.0.0/8", "CONTAINERS": "GOPROXY=x",
	} {
		_, err := ParseConfig(func(n string) string {
			if n == name {
				return value
			}
			return good[n]
		})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: got %v, want an error that names it", name, value, err)
		}
	}
}

func TestForJobs(t *testing.T) {
	t.Parallel()
	got := forJobs([]string{"PATH=/bin", "FORGE=forge:3000", "DISK_RESERVE=1", "HTTP_PROXY=http://192.0.2.1"})
	if want := []string{"PATH=/bin", "HTTP_PROXY=http://192.0.2.1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

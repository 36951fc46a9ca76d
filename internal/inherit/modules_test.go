package inherit

import "testing"

func TestModules(t *testing.T) {
	t.Setenv("GOENV", "off")
	t.Setenv("GOPROXY", "https://machine.example.org") // not what jobs get: ReadMirrors decides that
	usual := ReadModules(t.Context(), nil)
	if usual.List == "" || usual.Proxies == "" || usual.SumDB == "" || usual.Proxies == "https://machine.example.org" {
		t.Errorf("got %+v, want Go's defaults", usual)
	}
	own := ReadModules(t.Context(), map[string]string{"GOPROXY": "https://a.example.org|direct", "GOSUMDB": "off", "GOPRIVATE": "*.example.org"})
	if want := (Modules{"https://a.example.org|direct", "https://a.example.org", "off", "*.example.org"}); own != want {
		t.Errorf("got %+v, want %+v", own, want)
	}
	t.Setenv("PATH", "")
	if got := ReadModules(t.Context(), nil); got != (Modules{}) {
		t.Errorf("got %+v without a go command, want nothing", got)
	}
}

func TestProxies(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		"": "", "direct": "", "off": "", "https://a.example.org": "https://a.example.org",
		"https://a.example.org|https://b.example.org,direct":  "https://a.example.org|https://b.example.org",
		" https://a.example.org , off ,https://b.example.org": "https://a.example.org",
	} {
		if got := proxies(list); got != want {
			t.Errorf("%q: got %q, want %q", list, got, want)
		}
	}
}

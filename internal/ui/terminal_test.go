package ui

import (
	"strings"
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		340 * time.Millisecond:   "340ms",
		4210 * time.Millisecond:  "4.2s",
		72400 * time.Millisecond: "1m12s",
	} {
		if got := Duration(d); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536 << 20: "1.5 GiB", 3 << 60: "3072.0 PiB"} {
		if got := Bytes(n); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPlainOutput(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p := NewPrinter(&out)
	p.Section("Title")
	p.State("ok", "%d checks", 12)
	p.Table([][]string{{"a", "long"}, {"longer", "b"}})
	p.Box([]string{"wide — line", "x"})
	const want = `
Title
  ok        12 checks
  a       long
  longer  b
+-------------+
| wide — line |
| x           |
+-------------+
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

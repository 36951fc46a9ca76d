package lifecycle

import "testing"

func TestCompilerLines(t *testing.T) {
	t.Parallel()
	got := compilerLines("#10 0.389 ./main.go:130:14: syntax error: unexpected {\n------\n0.389 ./main.go:130:14: syntax error: unexpected {\n")
	if len(got) != 1 || got[0] != "./main.go:130:14: syntax error: unexpected {" {
		t.Errorf("got %q", got)
	}
}

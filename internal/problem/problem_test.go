package problem

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestProblem(t *testing.T) {
	t.Parallel()
	inner := New("opening the door", io.EOF, "find the key")
	for name, tt := range map[string]struct {
		err        error
		text, next string
	}{
		"whole":           {inner, "opening the door: EOF", "find the key"},
		"wrapped":         {fmt.Errorf("going out: %w", inner), "going out: opening the door: EOF", "find the key"},
		"advice of cause": {New("going out", inner, ""), "going out: opening the door: EOF", "find the key"},
		"outer advice":    {New("going out", inner, "stay"), "going out: opening the door: EOF", "stay"},
		"no cause":        {New("going out", nil, "stay"), "going out", "stay"},
		"no advice":       {io.EOF, "EOF", ""},
	} {
		if tt.err.Error() != tt.text || Next(tt.err) != tt.next {
			t.Errorf("%s: got %q and %q, want %q and %q", name, tt.err, Next(tt.err), tt.text, tt.next)
		}
	}
	if !errors.Is(New("going out", inner, ""), io.EOF) {
		t.Error("got an error that hides its cause")
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	cause := New("reading a flag", errors.New("it is no number"), "write a number")
	err := fmt.Errorf("wrapped: %w", Usage(cause))
	if !IsUsage(err) || IsUsage(cause) || Next(err) != "write a number" {
		t.Errorf("got usage %t and %t, next %q; want it marked, with its advice kept", IsUsage(err), IsUsage(cause), Next(err))
	}
}

package environment

import "testing"

func TestReader(t *testing.T) {
	t.Parallel()
	values := map[string]string{"NAME": "x", "ON": "true", "ODD": "maybe"}
	r := Reader{Getenv: func(name string) string { return values[name] }}
	if r.Required("NAME") != "x" || !r.Boolean("ON") || r.Boolean("OFF") || r.Err() != nil {
		t.Errorf("got %v, want the values and no error", r.Err())
	}
	r.Required("NONE")
	r.Boolean("ODD")
	const want = "the environment variable NONE is not set\nODD is \"maybe\", want true or false"
	if err := r.Err(); err == nil || err.Error() != want {
		t.Errorf("got %v, want all that is wrong: %s", err, want)
	}
}

package rotate

import "testing"

func TestSelect(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		names []string
		all   bool
		want  int // -1: an error
	}{
		"all":     {nil, true, len(Secrets)},
		"one":     {[]string{"secret-key"}, false, 1},
		"two":     {[]string{"passphrase", "admin-password", "passphrase"}, false, 2},
		"unknown": {[]string{"secret-key", "key"}, false, -1},
		"both":    {[]string{"secret-key"}, true, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Select(tt.names, tt.all)
			if (err != nil) != (tt.want < 0) || err == nil && len(got) != tt.want {
				t.Errorf("got %d secrets and %v, want %d", len(got), err, tt.want)
			}
		})
	}
}

func TestEverySecretSaysWhatItIs(t *testing.T) {
	t.Parallel()
	for _, s := range Secrets {
		if s.Protects == "" || s.Does == "" || (s.Place == State) != (s.Resource != "") {
			t.Errorf("got %+v, want it whole", s)
		}
	}
}

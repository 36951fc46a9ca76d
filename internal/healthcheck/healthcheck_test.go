package healthcheck

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestHold(t *testing.T) {
	for name, test := range map[string]struct {
		age  time.Duration // of the file; negative for none
		want time.Duration
	}{
		"not started yet":  {-1, 0},
		"has just started": {starting - 2*time.Second, 0},
		"runs":             {starting + time.Second, hold},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "ready")
			synctest.Test(t, func(t *testing.T) {
				if test.age >= 0 {
					if err := os.WriteFile(file, nil, 0o600); err != nil {
						t.Fatal(err)
					}
					made := time.Now().Add(-test.age)
					if err := os.Chtimes(file, made, made); err != nil {
						t.Fatal(err)
					}
				}
				start := time.Now()
				Hold(t.Context(), file)
				if got := time.Since(start); got != test.want {
					t.Errorf("waited %v, want %v", got, test.want)
				}
			})
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	old := time.Now().Add(-time.Hour)
	file := filepath.Join(t.TempDir(), "ready")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	Hold(ctx, file)
	if time.Since(start) > hold/2 {
		t.Error("waits although its context has ended")
	}
}

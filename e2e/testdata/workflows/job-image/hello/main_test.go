package main

import (
	"sync"
	"testing"
)

func TestAnswer(t *testing.T) {
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if got := answer(); got != 42 {
				t.Errorf("got %d, want 42", got)
			}
		})
	}
	group.Wait()
}

package m

import "testing"

func TestA(t *testing.T) {}

package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"":          "[[1] [2] [5] [9] [3 4] [7]]",
		"-rows=5,1": "[[1] [5]]",
		"-rows=4":   "[[4]]",
		"-rows=x":   "",
	} {
		chosen, _, err := parse(strings.Fields("-short " + args))
		var got [][]int
		for _, row := range chosen {
			got = append(got, row.Numbers)
		}
		if (err != nil) != (want == "") || err == nil && fmt.Sprint(got) != want {
			t.Errorf("%q: got %v, %v, want %s", args, got, err, want)
		}
	}
}

package provider_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	p "github.com/pulumi/pulumi-go-provider"
)

// TestRandomSecretOfAnyAlphabet draws whole characters from charsets whose
// characters take one to four bytes.
func TestRandomSecretOfAnyAlphabet(t *testing.T) {
	t.Parallel()
	s := server(t, "http://127.0.0.1:1")
	for name, charset := range map[string]string{
		"ASCII":    "0123456789",
		"umlauts":  "äöüßÄÖÜéèà",
		"mixed":    "abcdefgäöü€𝄞",
		"emoji":    "😀😁😂😃😄😅😆😇😈😉",
		"Cyrillic": "абвгдежзий",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secret := create(t, s, "RandomSecret", props("length", 200, "charset", charset)).Properties.Get("result").AsString()
			if got := utf8.RuneCountInString(secret); got != 200 || !utf8.ValidString(secret) {
				t.Errorf("got %d characters, valid UTF-8: %t; want 200 valid ones", got, utf8.ValidString(secret))
			}
			if other := strings.Trim(secret, charset); other != "" {
				t.Errorf("got characters that are not in the charset: %q", other)
			}
		})
	}
}

// TestGuessableCharsets refuses what looks long only in bytes, or repeats.
func TestGuessableCharsets(t *testing.T) {
	t.Parallel()
	s := server(t, "http://127.0.0.1:1")
	for name, charset := range map[string]string{
		"five of two bytes": "äöüßé", "repeated": "abababababab", "empty": "",
	} {
		got, err := s.Check(p.CheckRequest{Urn: urn("RandomSecret"), Inputs: props("charset", charset)})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Failures) != 1 || got.Failures[0].Property != "charset" {
			t.Errorf("%s: got %v, want one failure, of charset", name, got.Failures)
		}
	}
}

// TestNamesAreCountedInCharacters tells a name that is too long from one with
// characters that are not allowed.
func TestNamesAreCountedInCharacters(t *testing.T) {
	t.Parallel()
	s := server(t, "http://127.0.0.1:1")
	got, err := s.Check(p.CheckRequest{Urn: urn("Organization"), Inputs: props("name", strings.Repeat("ä", 30))})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Failures) != 1 || strings.Contains(got.Failures[0].Reason, "longer") {
		t.Errorf("got %v, want one failure that is not about the length", got.Failures)
	}
}

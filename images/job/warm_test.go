// Package warm imports the part of the standard library that services use. Its test runs
// while the job image is built, so that Go's build cache there contains that part,
// compiled, linked and vetted.
package warm

import (
	_ "encoding/json"
	_ "flag"
	_ "html/template"
	_ "log/slog"
	_ "net/http/httptest"
	_ "os/exec"
	_ "os/signal"
	"testing"
)

func TestNothing(*testing.T) {}

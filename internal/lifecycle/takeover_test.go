package lifecycle

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
)

const removal = "stop forge, stop runner, remove container forge, remove container runner, remove network net"

// TestTakeOver runs up and down with the stack's objects on the Docker host, and a state
// that knows them or not.
func TestTakeOver(t *testing.T) {
	const elsewhere = "another:/home/ann/clone"
	for name, test := range map[string]struct {
		checkout string // that created the objects; empty for this one
		managed  pulumi.Managed
		down     bool
		options  UpOptions
		want     string // what is done
		refused  string // part of the error
		says     string
	}{
		"the state knows them":      {managed: pulumi.Managed{"forge": true, "runner": true, "net": true}, want: "up", says: "is up"},
		"the state is lost":         {want: removal + ", up", says: "all data stay"},
		"the state lost one":        {managed: pulumi.Managed{"forge": true, "net": true}, want: "stop runner, remove container runner, up"},
		"of another checkout":       {checkout: elsewhere, refused: elsewhere},
		"an up was killed":          {checkout: "-", managed: pulumi.Managed{"net": true}, want: "stop forge, stop runner, remove container forge, remove container runner, up"},
		"of an unknown checkout":    {checkout: "-", refused: "no state of it"},
		"taken from another":        {checkout: elsewhere, options: UpOptions{TakeOver: true}, want: removal + ", up"},
		"down without state":        {down: true, want: removal, says: "kept  volume    data"},
		"down of another checkout":  {down: true, checkout: elsewhere, refused: elsewhere},
		"down, taken from another":  {down: true, checkout: elsewhere, options: UpOptions{TakeOver: true}, want: removal},
		"refused before -c is kept": {checkout: elsewhere, options: UpOptions{Config: []string{"httpPort=3999"}}, refused: "--take-over"},
	} {
		t.Run(name, func(t *testing.T) {
			h := &fakeHost{managed: test.managed}
			env, out := environment(t, h)
			switch test.checkout {
			case "":
				h.withStack(env.Project.Identity())
			case "-":
				h.withStack("")
			default:
				h.withStack(test.checkout)
			}
			writeState(t, env, test.managed)
			var err error
			if test.down {
				err = Down(t.Context(), env, DownOptions{TakeOver: test.options.TakeOver})
			} else {
				err = Up(t.Context(), env, test.options)
			}
			if test.refused == "" && err != nil || test.refused != "" && (err == nil || !strings.Contains(err.Error()+problem.Next(err), test.refused)) {
				t.Fatalf("got %v, next %q, want it refused: %q", err, problem.Next(err), test.refused)
			}
			if got := h.did(); got != test.want {
				t.Errorf("got done: %s; want: %s", got, test.want)
			}
			if !strings.Contains(out.String(), test.says) {
				t.Errorf("got output without %q:\n%s", test.says, out)
			}
			text, _ := os.ReadFile(env.Project.ConfigFile(env.Stack))
			if test.refused != "" && strings.Contains(string(text), "3999") {
				t.Errorf("a refused up has written %s", text)
			}
		})
	}
}

// writeState writes a state of the project's own that knows the resources.
func writeState(t *testing.T, env Environment, managed pulumi.Managed) {
	t.Helper()
	if managed == nil {
		return
	}
	var resources []string
	for id := range managed {
		resources = append(resources, `{"urn":"urn:pulumi:dev::p::t::`+id+`","custom":true,"id":"`+id+`","type":"t"}`)
	}
	dir := filepath.Join(env.Project.StateDir(), ".pulumi", "stacks", "gitops-pipeline")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	text := `{"version":3,"checkpoint":{"latest":{"resources":[` + strings.Join(resources, ",") + `]}}}`
	if err := os.WriteFile(filepath.Join(dir, env.Stack+".json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWithoutState asks for what needs the state where only the objects are.
func TestWithoutState(t *testing.T) {
	for name, operation := range map[string]func(t *testing.T, env Environment) error{
		"backup": func(t *testing.T, env Environment) error {
			return Backup(t.Context(), env, BackupOptions{File: filepath.Join(t.TempDir(), "backup")})
		},
		"rotate": func(t *testing.T, env Environment) error { return Rotate(t.Context(), env, RotateOptions{}) },
	} {
		for where, objects := range map[string]bool{"with objects": true, "with nothing": false} {
			t.Run(name+" "+where, func(t *testing.T) {
				h := &fakeHost{noStack: true}
				env, _ := environment(t, h)
				if objects {
					h.withStack(env.Project.Identity())
				}
				err := operation(t, env)
				if err == nil || problem.Next(err) == "" || strings.Contains(problem.Next(err), "take the stack over") != objects {
					t.Errorf("got %v, next %q, want it to say what to do", err, problem.Next(err))
				}
				if got := h.did(); got != "" {
					t.Errorf("got done: %s; want nothing", got)
				}
			})
		}
	}
}

// TestUnreadableState sets a state aside only when it was asked to.
func TestUnreadableState(t *testing.T) {
	for name, takeOver := range map[string]bool{"refused": false, "taken over": true} {
		t.Run(name, func(t *testing.T) {
			h := (&fakeHost{}).withStack("")
			env, _ := environment(t, h)
			writeState(t, env, pulumi.Managed{})
			state := filepath.Join(env.Project.StateDir(), ".pulumi", "stacks", "gitops-pipeline", "dev.json")
			if err := os.WriteFile(state, []byte(`{"version":3,`), 0o600); err != nil {
				t.Fatal(err)
			}
			err := Up(t.Context(), env, UpOptions{TakeOver: takeOver})
			if (err == nil) != takeOver {
				t.Fatalf("got %v, want success %t", err, takeOver)
			}
			if _, err := os.Stat(state); (err == nil) == takeOver {
				t.Errorf("got the state in its place: %t", err == nil)
			}
			if aside, _ := filepath.Glob(filepath.Join(env.Project.Local(), "set-aside", "dev-*", "dev.json")); (len(aside) == 1) != takeOver {
				t.Errorf("got set aside: %v", aside)
			}
		})
	}
}

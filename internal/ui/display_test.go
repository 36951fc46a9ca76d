package ui

import (
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

func step(op apitype.OpType, token, name string, custom, retained bool) apitype.StepEventMetadata {
	state := &apitype.StepEventStateMetadata{Custom: custom, RetainOnDelete: retained}
	m := apitype.StepEventMetadata{Op: op, Type: token, URN: "urn:pulumi:dev::p::" + token + "::" + name, New: state}
	if op == apitype.OpDelete {
		m.New, m.Old = nil, state
	}
	return m
}

// TestEvents plays an update's events; each thing done takes two seconds.
func TestEvents(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	d := NewDisplay(NewPrinter(&out))
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	begin := func(m apitype.StepEventMetadata) {
		d.event(apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: m}}, now)
	}
	end := func(m apitype.StepEventMetadata) {
		d.event(apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: m}}, now.Add(2*time.Second))
	}
	for _, m := range []apitype.StepEventMetadata{
		step(apitype.OpCreate, "docker:index/volume:Volume", "forge-data", true, false),
		step(apitype.OpCreate, "my:index:Forge", "forge", false, false), // a component
		step(apitype.OpSame, "docker:index/network:Network", "net", true, false),
		step(apitype.OpDelete, "gitea:index:User", "owner", true, true),
	} {
		begin(m)
		end(m)
	}
	slow := step(apitype.OpUpdate, "docker:index/container:Container", "slow", true, false)
	begin(slow)
	d.waiting(now.Add(5 * time.Second))
	d.waiting(now.Add(11 * time.Second))
	d.event(apitype.EngineEvent{ResOpFailedEvent: &apitype.ResOpFailedEvent{Metadata: slow}}, now.Add(12*time.Second))
	for range 2 {
		d.event(apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{Severity: "warning", Message: "warning: twice"}}, now)
	}
	d.event(apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{Severity: "error", Message: "error: broken"}}, now)

	const want = `  created     Volume          forge-data (2.0s)
  kept        User            owner (2.0s)
  changing    Container       slow, 11.0s so far
  failed    Container       slow (12.0s)
  warning   twice
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	if d.Changed() != 2 || len(d.Created("docker:index/volume:Volume")) != 1 || !d.Failed(slow.Type) {
		t.Errorf("got %d changed, created %v, failed %v", d.Changed(), d.created, d.failed)
	}
	if got := d.Errors(); len(got) != 1 || got[0] != "broken" {
		t.Errorf("got errors %q, want the one", got)
	}
}

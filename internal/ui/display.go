package ui

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
)

// quiet is how long one operation may take before a line says that it still runs.
const quiet = 10 * time.Second

// Display prints one update.
type Display struct {
	out *Printer

	mu      sync.Mutex
	busy    map[string]operation // by URN and kind
	changed int
	created []apitype.StepEventMetadata
	failed  []apitype.StepEventMetadata
	errors  []string
	warned  map[string]bool
}

type operation struct {
	text  string
	start time.Time
	said  time.Time
}

// NewDisplay returns a Display that prints to out.
func NewDisplay(out *Printer) *Display {
	return &Display{out: out, busy: map[string]operation{}, warned: map[string]bool{}}
}

// Watch starts to print what comes through the channel that it returns. The
// Automation API closes that channel when Pulumi has sent its last event, but
// not if Pulumi ended before its first; so call end after the operation, to
// have all events printed.
func (d *Display) Watch() (stream chan events.EngineEvent, end func()) {
	stream = make(chan events.EngineEvent, 100)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		d.watch(stream, stop)
	}()
	return stream, func() {
		select {
		case <-done:
		case <-time.After(grace):
			close(stop)
			<-done
		}
	}
}

// grace is how long events may come after the operation has returned.
const grace = 2 * time.Second

func (d *Display) watch(stream <-chan events.EngineEvent, stop <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case event, ok := <-stream:
			if !ok {
				return
			}
			d.event(event.EngineEvent, time.Now())
		case <-stop:
			return
		case now := <-tick.C:
			d.waiting(now)
		}
	}
}

// Changed is the number of resources that were created, changed or removed.
func (d *Display) Changed() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changed
}

// Created returns the resources of a type that the update created.
func (d *Display) Created(token string) []apitype.StepEventMetadata {
	d.mu.Lock()
	defer d.mu.Unlock()
	var found []apitype.StepEventMetadata
	for _, m := range d.created {
		if m.Type == token {
			found = append(found, m)
		}
	}
	return found
}

// Failed tells whether an operation on a resource of a type failed.
func (d *Display) Failed(token string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.failed {
		if m.Type == token {
			return true
		}
	}
	return false
}

// Errors returns what Pulumi reported as errors.
func (d *Display) Errors() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.errors...)
}

var verbs = map[apitype.OpType][2]string{
	apitype.OpCreate:            {"creating", "created"},
	apitype.OpUpdate:            {"changing", "changed"},
	apitype.OpDelete:            {"removing", "removed"},
	apitype.OpCreateReplacement: {"replacing", "replaced"},
	apitype.OpDeleteReplaced:    {"removing old", "removed old"},
	apitype.OpRefresh:           {"looking at", ""},
}

func (d *Display) event(e apitype.EngineEvent, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case e.ResourcePreEvent != nil:
		m := e.ResourcePreEvent.Metadata
		if verb, ok := verbs[m.Op]; ok && custom(m) {
			d.busy[key(m)] = operation{text: fmt.Sprintf("%-11s %s", verb[0], name(m)), start: now, said: now}
		}
	case e.ResOutputsEvent != nil:
		m := e.ResOutputsEvent.Metadata
		op, known := d.busy[key(m)]
		delete(d.busy, key(m))
		verb, ok := verbs[m.Op]
		if !ok || !known || verb[1] == "" {
			return
		}
		d.changed++
		if m.Op == apitype.OpCreate {
			d.created = append(d.created, m)
		}
		done := verb[1]
		if m.Op == apitype.OpDelete && m.Old != nil && m.Old.RetainOnDelete {
			done = "kept" // it is only removed from the state
		}
		d.out.Line("%-11s %s (%s)", done, name(m), Duration(now.Sub(op.start)))
	case e.ResOpFailedEvent != nil:
		m := e.ResOpFailedEvent.Metadata
		op, known := d.busy[key(m)]
		delete(d.busy, key(m))
		d.failed = append(d.failed, m)
		took := ""
		if known {
			took = " (" + Duration(now.Sub(op.start)) + ")"
		}
		d.out.State("failed", "%s%s", name(m), took)
	case e.DiagnosticEvent != nil:
		d.diagnostic(e.DiagnosticEvent)
	}
}

func (d *Display) diagnostic(e *apitype.DiagnosticEvent) {
	if e.Ephemeral {
		return
	}
	message := strings.TrimSpace(colors.Never.Colorize(e.Prefix + e.Message))
	if message == "" {
		return
	}
	switch e.Severity {
	case "error":
		d.errors = append(d.errors, strings.TrimPrefix(message, "error: "))
	case "warning":
		if d.warned[message] {
			return // each resource of one server says the same
		}
		d.warned[message] = true
		d.out.State("warning", "%s", indent(strings.TrimPrefix(message, "warning: ")))
	case "info", "info#err":
		d.out.Line("%s", indent(message))
	}
}

func (d *Display) waiting(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for k, op := range d.busy {
		if now.Sub(op.said) < quiet {
			continue
		}
		op.said = now
		d.busy[k] = op
		d.out.Line("%s, %s so far", op.text, Duration(now.Sub(op.start).Round(time.Second)))
	}
}

func indent(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") }

func key(m apitype.StepEventMetadata) string { return string(m.Op) + " " + m.URN }

// custom leaves out components, providers and the stack itself: they are not objects of the Docker host.
func custom(m apitype.StepEventMetadata) bool {
	if strings.HasPrefix(m.Type, "pulumi:") {
		return false
	}
	state := m.New
	if state == nil {
		state = m.Old
	}
	return state == nil || state.Custom
}

// name is the kind of a resource and its name in the program.
func name(m apitype.StepEventMetadata) string {
	kind := m.Type[strings.LastIndex(m.Type, ":")+1:]
	id := m.URN[strings.LastIndex(m.URN, "::")+2:]
	return fmt.Sprintf("%-15s %s", kind, id)
}

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
)

// browser is a tab of a real browser, with what went wrong in it.
type browser struct {
	t    *testing.T
	base string // of the forge's addresses
	ctx  context.Context

	mu       sync.Mutex
	requests map[network.RequestID]string
	faults   []string
}

// newBrowser starts a browser with a profile of its own.
func newBrowser(t *testing.T, base string, width, height int) *browser {
	t.Helper()
	// Without a font, text is boxes.
	if err := artifacts.Need(t.Context(), artifacts.NewProgress(t.Output()), "chromium", "chromium", "fonts-liberation"); err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.UserDataDir(t.TempDir()),
		chromedp.WindowSize(width, height),
		chromedp.NoSandbox, // it refuses to run as root otherwise, and opens the test's own forge only
		chromedp.Flag("disable-component-update", true))
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(endAllocator)
	b := &browser{t: t, base: base, requests: map[network.RequestID]string{}}
	ctx, end := chromedp.NewContext(allocator, chromedp.WithListener(b.listen))
	t.Cleanup(end) // before the profile's directory is removed
	b.ctx = ctx
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	return b
}

// listen notes what fails.
func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fail := func(format string, args ...any) { b.faults = append(b.faults, fmt.Sprintf(format, args...)) }
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests[e.RequestID] = e.Request.Method + " " + e.Request.URL
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 {
			fail("%s answers %d", b.requests[e.RequestID], e.Response.Status)
		}
	case *network.EventLoadingFailed:
		// The browser itself cancels what a page asked for that is left.
		if !e.Canceled && e.ErrorText != "net::ERR_ABORTED" {
			fail("%s: %s", b.requests[e.RequestID], e.ErrorText)
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if thrown := e.ExceptionDetails.Exception; thrown != nil {
			text += " " + thrown.Description
		}
		fail("script error: %s", text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			var text []string
			for _, arg := range e.Args {
				text = append(text, string(arg.Value)+arg.Description)
			}
			// A slow machine is no fault.
			if said := strings.Join(text, " "); !strings.Contains(said, "slow init functions took") {
				fail("console error: %s", said)
			}
		}
	case *log.EventEntryAdded:
		// A network error is noted with its request.
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			fail("browser error: %s %s", e.Entry.Text, e.Entry.URL)
		}
	}
}

// do runs an action, which must end well.
func (b *browser) do(what string, action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, action); err != nil {
		b.t.Fatalf("%s, on %s: %v", what, b.location(), err)
	}
}

// click clicks the first visible element of a CSS selector.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.do("clicking "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// write types text into a field.
func (b *browser) write(selector, text string) {
	b.t.Helper()
	b.do("writing into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text, chromedp.NodeVisible))
}

// visit opens a page and waits until it is loaded; it must have its style, and nothing
// may fail.
func (b *browser) visit(path string) {
	b.t.Helper()
	b.do("opening "+path, chromedp.Navigate(b.base+path))
	b.whole()
}

// whole waits until the page is loaded, and holds it to be without a fault. What it asks
// for later is held by the next call.
func (b *browser) whole() {
	b.t.Helper()
	b.await("styled", `document.readyState === 'complete' && getComputedStyle(document.querySelector('.full.height')).flexGrow === '1'`)
	b.noFaults()
}

// noFaults fails the test with what went wrong since the last call.
func (b *browser) noFaults() {
	b.t.Helper()
	b.mu.Lock()
	faults := b.faults
	b.faults = nil
	b.mu.Unlock()
	for _, f := range faults {
		b.t.Errorf("%s: %s", b.location(), f)
	}
}

// await polls until a script's expression is true. The page may change meanwhile.
func (b *browser) await(what, expression string) {
	b.t.Helper()
	var last error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		met, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && met {
			return
		}
		last = err
	}
	text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
	b.t.Fatalf("%s was not %s in %s (last error: %v); it shows:\n%s", b.location(), what, patience, last, text)
}

func (b *browser) location() string {
	at, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return strings.TrimPrefix(at, b.base)
}

// signIn signs in on the forge's page.
func (b *browser) signIn(a account) {
	b.t.Helper()
	b.visit("/user/login")
	b.write("#user_name", a.user)
	b.write("#password", a.password)
	b.click("form.ui.form button.primary")
	b.await("the dashboard", `document.querySelector('.page-content.dashboard')`)
	b.whole()
}

//go:build e2e && pictures

package e2e

import (
	"context"
	"os"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestPictures takes the README's pictures of a green run's page, light and dark.
func TestPictures(t *testing.T) {
	p := newProject(t, nil)
	p.up().must(t, 0)
	for _, scheme := range []string{"light", "dark"} {
		b := newBrowser(t, "http://"+p.address(), 1000, 600)
		b.do("choosing "+scheme, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			return err
		}))
		b.signIn(p.owner())
		b.visit("/gitops/gitops-pipeline/actions")
		b.click(".run-list .flex-item-title a")
		b.await("green", `document.querySelectorAll('.workflow-graph svg.octicon-check-circle-fill').length === 2`)
		b.whole()
		picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("../docs/run-"+scheme+".png", picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
)

// heldWorkflow has a job that ends once the repository has the branch go, and one that
// needs it.
const heldWorkflow = `on:
  push:
    branches: [main]
jobs:
  first:
    runs-on: self-hosted
    steps:
      - name: Say what it waits for
        run: echo it waits for the branch go
      - name: Wait
        run: |
          until curl --silent --fail --output /dev/null --header "Authorization: token ${{ github.token }}" \
            "$GITHUB_SERVER_URL/api/v1/repos/$GITHUB_REPOSITORY/branches/go"; do sleep 0.2; done
          echo it goes on
  second:
    needs: first
    runs-on: self-hosted
    steps:
      - name: End
        run: echo it ends
`

// testBrowser opens the forge's pages in a real browser, follows a run there, and cancels
// and repeats it by click. No request may be refused, and no script may fail.
func testBrowser(t *testing.T) {
	p := sharedStack(t)
	r := p.newOwner("ann", "shop")
	r.commit(map[string]string{
		"README.md": "# Shop\n\nIt sells `things`.\n", "main.go": "package main\n\nfunc main() {}\n", ".gitea/workflows/ci.yaml": heldWorkflow,
	})
	b := newBrowser(t, "http://"+p.address(), 1280, 900)
	b.signIn(r.account)
	b.seeRun(r) // first, as its job waits
	b.seeCode()
	b.seeIssue()
	b.seePullRequest(r)
	b.seePackage(r)
	for _, path := range []string{
		"/", "/explore/repos", "/ann", "/notifications", "/ann/shop/settings", "/ann/shop/settings/branches", "/ann/shop/settings/actions/secrets",
		"/ann/shop/settings/actions/runners", "/user/settings", "/user/settings/applications", "/user/settings/actions/runners",
	} {
		b.visit(path)
	}

	admin := newBrowser(t, b.base, 1280, 900)
	admin.signIn(p.admin())
	for _, path := range []string{"/-/admin", "/-/admin/users", "/-/admin/config", "/-/admin/actions/runners"} {
		admin.visit(path)
	}
	admin.await("showing that the runner is online", `document.querySelector('.runner-container tbody .ui.green.label')`)
	for _, tab := range []*browser{b, admin} {
		tab.noFaults()
	}
}

func (b *browser) seeCode() {
	b.t.Helper()
	b.visit("/ann/shop")
	b.await("showing the README", `document.querySelector('#readme .markup code').textContent === 'things'`)
	b.click(`#repo-files-table a[href$="/main.go"]`)
	b.await("showing the file in colours", `document.querySelector('.code-view .kd, .code-view .kn')`)
	b.whole()
	for _, path := range []string{"/commits/branch/main", "/branches", "/activity", "/graph", "/_new/main"} {
		b.visit("/ann/shop" + path)
	}
}

// seeIssue opens an issue and comments on it.
func (b *browser) seeIssue() {
	b.t.Helper()
	b.visit("/ann/shop/issues/new")
	b.write("#issue_title", "It sells nothing")
	b.click("#new-issue button.primary")
	b.await("the issue", `location.pathname === '/ann/shop/issues/1' && document.querySelector('#comment-form')`)
	b.whole()
	b.write("#comment-form textarea.markdown-text-editor", "It sells **everything**")
	b.click("#comment-form button.primary")
	b.await("showing the comment", `[...document.querySelectorAll('.comment .markup strong')].some(e => e.textContent === 'everything')`)
	b.whole()
	b.visit("/ann/shop/issues")
	b.visit("/ann/shop/labels")
	b.visit("/ann/shop/milestones")
}

func (b *browser) seePullRequest(r *checkout) {
	b.t.Helper()
	r.api(http.MethodPost, "/repos/ann/shop/contents/more.md", map[string]string{"content": "TW9yZQo=", "new_branch": "more", "message": "Add more"}, nil)
	r.api(http.MethodPost, "/repos/ann/shop/pulls", map[string]string{"title": "More", "head": "more", "base": "main"}, nil)
	b.visit("/ann/shop/pulls")
	b.visit("/ann/shop/pulls/2/commits")
	b.visit("/ann/shop/pulls/2/files")
	b.await("showing the change", `document.querySelector('.diff-file-box .add-code')?.textContent.includes('More')`)
	b.visit("/ann/shop/pulls/2")
	b.click("#pull-request-merge-form .merge-button > button")
	b.click("#pull-request-merge-form button[type=submit]")
	b.await("merged", `document.querySelector('.issue-state-label.purple')`)
	b.whole()
}

func (b *browser) seePackage(r *checkout) {
	b.t.Helper()
	r.p.call(http.MethodPut, "/api/packages/ann/generic/tool/1.0/tool.txt", "content", http.StatusCreated, basic(r.user, r.password))
	b.visit("/ann/-/packages")
	b.await("listing the package", `document.body.innerText.includes('tool')`)
	b.visit("/ann/-/packages/generic/tool/1.0")
	b.visit("/ann/shop/packages")
}

// seeRun follows the held run: it is cancelled and started again by click, and ends while
// its page is open.
func (b *browser) seeRun(r *checkout) {
	b.t.Helper()
	job := func(name, icon string) string {
		return fmt.Sprintf(`[...document.querySelectorAll('.job-brief-item')].some(e => e.innerText.includes(%q) && e.querySelector('svg.%s'))`, name, icon)
	}
	b.visit("/ann/shop/actions")
	b.click(".run-list .flex-item:last-child .flex-item-title a")
	b.await("showing a job that runs", job("first", "gitea-running"))
	b.whole()
	b.click(".action-info-summary button.red")
	b.await("cancelled", job("first", "octicon-stop"))

	b.click(`.action-info-summary button.link-action[data-url*="/rerun"]`)
	b.await("showing that the job runs again", job("first", "gitea-running"))
	b.await("showing a job that waits for it", job("second", "octicon-blocked"))
	b.click("li.job-brief-item .gt-ellipsis")
	b.openStep(2)
	b.await("showing the log while the job runs", `document.querySelector('.job-step-container').innerText.includes('it waits for the branch go')`)
	r.api(http.MethodPost, "/repos/ann/shop/branches", map[string]string{"new_branch_name": "go"}, nil)
	b.await("green", job("first", "octicon-check-circle-fill")+" && "+job("second", "octicon-check-circle-fill"))
	b.seeLogs()

	b.click("a.job-brief-item")
	b.await("the graph of both jobs", `document.querySelectorAll('.workflow-graph .job-node-group svg.octicon-check-circle-fill').length === 2 && document.querySelectorAll('.workflow-graph .node-edge').length === 1`)
	b.await("with check marks in green", `[...document.querySelectorAll('svg.octicon-check-circle-fill')].every(e => {
		const [red, green, blue] = getComputedStyle(e).color.match(/\d+/g).map(Number);
		return green > red && green > blue;
	})`)
	b.whole()
}

// seeLogs opens the log of each step of the job's page.
func (b *browser) seeLogs() {
	b.t.Helper()
	b.await("listing the steps", `document.querySelectorAll('.job-step-section').length >= 4`)
	for i := 1; i <= 4; i++ {
		b.openStep(i)
	}
	b.await("showing what the job wrote", `['it waits for the branch go', 'it goes on'].every(text => document.querySelector('.job-step-container').innerText.includes(text))`)
	b.whole()
}

// openStep opens the log of a step, unless it is open, and waits for its first line.
func (b *browser) openStep(number int) {
	b.t.Helper()
	step := fmt.Sprintf(".job-step-section:nth-child(%d)", number)
	b.await("offering the log of step "+fmt.Sprint(number), fmt.Sprintf(`document.querySelector('%s .step-expandable')`, step))
	if selected, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](fmt.Sprintf(`document.querySelector('%s .selected') !== null`, step))); err != nil {
		b.t.Fatal(err)
	} else if !selected {
		b.click(step + " .job-step-summary")
	}
	b.await("showing a line of step "+fmt.Sprint(number), fmt.Sprintf(`document.querySelector('%s .job-log-line')?.innerText`, step))
}

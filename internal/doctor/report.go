package doctor

import "github.com/gitops-pipeline/gitops-pipeline/internal/ui"

// Print prints the results, or only those that need attention.
func Print(out *ui.Printer, results []Result, all bool) {
	width := 16
	for _, r := range results {
		width = max(width, len(r.Name))
	}
	for _, r := range results {
		if !all && r.State != Failed && r.State != Warning {
			continue
		}
		out.State(string(r.State), "%-*s %s", width, r.Name, r.Detail)
		if r.Next != "" {
			out.Line("%s %-*s next: %s", "         ", width, "", r.Next)
		}
	}
}

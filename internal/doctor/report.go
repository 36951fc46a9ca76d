package doctor

import "github.com/gitops-pipeline/gitops-pipeline/internal/ui"

// Print prints the results, or only those that need attention.
func Print(out *ui.Printer, results []Result, all bool) {
	for _, r := range results {
		if !all && r.State != Failed && r.State != Warning {
			continue
		}
		out.State(string(r.State), "%-16s %s", r.Name, r.Detail)
		if r.Next != "" {
			out.Line("%s %-16s next: %s", "         ", "", r.Next)
		}
	}
}

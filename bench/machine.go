package main

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"syscall"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
)

var modelName = regexp.MustCompile(`(?m)^model name\s*:\s*(.*?)\s*$`)

// machine says what the figures are measured on.
func machine(facts dockerhost.Facts) (report.Machine, error) {
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return report.Machine{}, fmt.Errorf("asking for the machine's memory: %w", err)
	}
	m := report.Machine{
		Cores: runtime.NumCPU(), MemoryGB: float64(info.Totalram) * float64(info.Unit) / 1e9,
		Kernel: facts.Info.KernelVersion, Engine: facts.Version, CgroupLevel: facts.Info.CgroupVersion, Go: runtime.Version(),
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if found := modelName.FindSubmatch(text); found != nil {
			m.CPU = string(found[1])
		}
	}
	return m, nil
}

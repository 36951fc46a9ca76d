// Command oci-wrapper takes the place of an OCI runtime: it edits what the runtime is to
// read, then becomes the runtime, with the same arguments.
package main

import (
	"os"
	"syscall"

	"github.com/gitops-pipeline/gitops-pipeline/internal/ociwrapper"
)

func main() {
	args := os.Args[1:]
	if err := run(args); err != nil {
		ociwrapper.Report(args, err, os.Stderr)
		os.Exit(1)
	}
}

func run(args []string) error {
	config, err := ociwrapper.ReadConfig(ociwrapper.ConfigFile)
	if err != nil {
		return err
	}
	if err := config.Edit(args); err != nil {
		return err
	}
	return syscall.Exec(ociwrapper.Runtime, append([]string{ociwrapper.Runtime}, args...), os.Environ())
}

package ociwrapper

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// Report says why a container is not started, on stderr and in the log that the engine
// reads such reasons from: the one that the runtime's command line names.
func Report(args []string, why error, stderr io.Writer) {
	fmt.Fprintln(stderr, "oci-wrapper:", why)
	path := parse(args).options["log"]
	if path == "" {
		return
	}
	line, err := json.Marshal(map[string]string{"level": "error", "msg": "oci-wrapper: " + why.Error(), "time": time.Now().UTC().Format(time.RFC3339)})
	if err != nil {
		return
	}
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer log.Close()
	_, _ = log.Write(append(line, '\n')) // stderr has it too
}

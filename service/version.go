package main

import (
	"runtime"
	"runtime/debug"
)

// Set by -ldflags "-X main.revision=… -X main.buildTime=…". Without that, buildVersion uses
// the build information that Go records.
var revision, buildTime string

// version is the response to GET /version.
type version struct {
	Revision string `json:"revision"` // commit
	Time     string `json:"time"`     // RFC 3339
	Go       string `json:"go"`
}

func buildVersion() version {
	v := version{Revision: revision, Time: buildTime, Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision" && v.Revision == "":
				v.Revision = s.Value
			case s.Key == "vcs.time" && v.Time == "":
				v.Time = s.Value
			}
		}
	}
	if v.Revision == "" {
		v.Revision = "unknown"
	}
	if v.Time == "" {
		v.Time = "unknown"
	}
	return v
}

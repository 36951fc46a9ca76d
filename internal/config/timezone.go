package config

import (
	"time"
	_ "time/tzdata" // so that a zone is known whatever this machine has
)

// timezone reads timezone: a name of the IANA time zone database, or nothing.
func (r *reader) timezone() string {
	name := r.text("timezone", "")
	if name == "" {
		return ""
	}
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		r.fail("timezone", "is %q, which is no name of the IANA time zone database; set it to one such as Europe/Berlin or UTC", name)
		return ""
	}
	return name
}

//go:build e2e

package e2e

import (
	"database/sql"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// testZone is the time zone of a stack that is not in UTC.
const testZone = "Europe/Berlin"

// checkTimezone holds that the forge shows times of the zone that the stack is configured
// with.
func (p *project) checkTimezone(zone string) {
	p.t.Helper()
	location := loadZone(p.t, zone)
	var repository struct {
		Created string `json:"created_at"`
	}
	p.owner().api(http.MethodGet, "/repos/gitops/gitops-pipeline", nil, &repository)
	created, err := time.Parse(time.RFC3339, repository.Created)
	if err != nil {
		p.t.Fatal(err)
	}
	if want := created.In(location).Format(time.RFC3339); repository.Created != want {
		p.t.Errorf("the forge shows the time %s, want %s of %s", repository.Created, want, zone)
	}
}

// checkSchedules pushes a workflow with schedules in several time zones. The forge must
// know when each one is due: it drops a schedule whose time zone it does not know, and says
// nothing.
func (p *project) checkSchedules() {
	p.t.Helper()
	due := map[string]struct{ zone, at string }{
		"TZ=Europe/Berlin 30 3 * * *":         {"Europe/Berlin", "03:30"},
		"CRON_TZ=America/New_York 15 4 * * *": {"America/New_York", "04:15"},
		"45 5 * * *":                          {"UTC", "05:45"},
	}
	workflow := "on:\n  schedule:\n"
	for spec := range due {
		workflow += fmt.Sprintf("    - cron: '%s'\n", spec)
	}
	workflow += "jobs:\n  nightly:\n    runs-on: self-hosted\n    steps:\n      - run: date\n"
	r := p.owner().newRepository("schedules")
	r.commit(map[string]string{".gitea/workflows/nightly.yaml": workflow})

	db := p.forgeDatabase()
	rows, err := db.Query("SELECT spec, next FROM action_schedule_spec s JOIN repository r ON r.id = s.repo_id WHERE r.name = ?", r.name)
	if err != nil {
		p.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var spec string
		var next int64
		if err := rows.Scan(&spec, &next); err != nil {
			p.t.Fatal(err)
		}
		want := due[spec]
		if at := time.Unix(next, 0).In(loadZone(p.t, want.zone)); at.Format("15:04") != want.at || at.Before(time.Now()) {
			p.t.Errorf("the schedule %q is due at %s, want the next %s", spec, at, want.at)
		}
		delete(due, spec)
	}
	if err := rows.Err(); err != nil {
		p.t.Fatal(err)
	}
	if len(due) > 0 {
		p.t.Errorf("the forge dropped the schedules %v", due)
	}
}

func loadZone(t *testing.T, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

// forgeDatabase opens a copy of the forge's database.
func (p *project) forgeDatabase() *sql.DB {
	p.t.Helper()
	dir := p.t.TempDir()
	docker(p.t, "cp", p.container("forge-container")+":/var/lib/gitea/data", dir)
	db, err := sql.Open("sqlite", filepath.Join(dir, "data", "gitea.db"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = db.Close() })
	return db
}

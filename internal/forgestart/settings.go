package forgestart

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/atomicfile"
)

// The name of an environment variable from which environment-to-ini writes a setting into
// app.ini starts with settingPrefix. One that ends in fileSuffix has the name of a file with
// the value.
const (
	settingPrefix = "GITEA__"
	fileSuffix    = "__FILE"
)

// encodedCharacters matches characters that the name of a variable cannot contain.
var encodedCharacters = regexp.MustCompile(`_0[xX]((?:[0-9a-fA-F]{2})+)_`)

// settingsFile is the list of the settings that the environment of the last start had.
func (s *Starter) settingsFile() string {
	return filepath.Join(s.Config.EtcDir, "environment-settings")
}

// forgetSettings removes from app.ini each setting that the environment had at the last
// start and no longer has: app.ini outlives the container, and Gitea's default applies
// again. What someone wrote into app.ini by hand stays. The list is replaced after the
// removal and before environment-to-ini runs, so that an interrupted start loses nothing.
func (s *Starter) forgetSettings() error {
	listed, err := os.ReadFile(s.settingsFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var now []string
	set := map[string]bool{}
	for _, variable := range s.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, settingPrefix) {
			now = append(now, name)
			set[sectionAndKey(name)] = true
		}
	}
	slices.Sort(now)
	gone := map[string]bool{} // section, a line break, key
	for _, name := range strings.Fields(string(listed)) {
		if setting := sectionAndKey(name); !set[setting] {
			gone[setting] = true
		}
	}
	if len(gone) > 0 {
		if err := s.removeSettings(gone); err != nil {
			return err
		}
	}
	return atomicfile.Write(s.settingsFile(), []byte(strings.Join(now, "\n")+"\n"), 0o600)
}

// sectionAndKey decodes the name of a variable: the section, a line break and the key.
func sectionAndKey(variable string) string {
	decode := func(text string) string {
		return encodedCharacters.ReplaceAllStringFunc(text, func(c string) string {
			character, _ := hex.DecodeString(c[3 : len(c)-1])
			return string(character)
		})
	}
	variable = strings.TrimSuffix(strings.TrimPrefix(variable, settingPrefix), fileSuffix)
	section, key, _ := strings.Cut(variable, "__")
	return strings.ToLower(decode(section)) + "\n" + decode(key)
}

// removeSettings removes settings from app.ini. Values have one line: forge.settings
// takes no other.
func (s *Starter) removeSettings(gone map[string]bool) error {
	text, err := os.ReadFile(s.Config.AppINI)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var kept strings.Builder
	section := ""
	for line := range strings.Lines(string(text)) {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "[") {
			if section = strings.ToLower(strings.Trim(trimmed, "[]")); section == "default" {
				section = "" // the two names of one section
			}
		}
		key, _, isSetting := strings.Cut(trimmed, "=")
		if isSetting && gone[section+"\n"+strings.TrimSpace(key)] {
			s.Log.Info("removed a setting that is no longer configured", "section", section, "key", strings.TrimSpace(key))
			continue
		}
		kept.WriteString(line)
	}
	return atomicfile.Write(s.Config.AppINI, []byte(kept.String()), 0o600)
}

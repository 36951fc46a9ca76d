package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// settingsKey is the configuration key with a map: other settings of Gitea.
const settingsKey = "forge.settings"

var (
	// settingName is section.KEY, or a KEY of Gitea's section without a name.
	settingName = regexp.MustCompile(`^([a-z0-9]+([-_.][a-z0-9]+)*\.)?[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)
	// encodedCharacter is what Gitea decodes in the name of an environment variable.
	encodedCharacter = regexp.MustCompile(`(?i)_0X([0-9A-F]{2})+_`)
	secretName       = regexp.MustCompile(`(^|[._])(PASSWD|PASSWORD|PASSPHRASE|SECRET|TOKEN|(SECRET|ACCESS|ACCOUNT|PRIVATE|API)_KEY)$`)
	urlWithPassword  = regexp.MustCompile(`://[^/@\s]*:[^/@\s]+@|(?i)\b(password|passwd)=`)
)

// settings reads forge.settings. No value of it is in an error: it may be a secret in the
// wrong place.
func (r *reader) settings() map[string]string {
	text := r.text(settingsKey, "")
	if text == "" {
		return nil
	}
	given, err := parseSettings(text)
	if err != nil {
		r.fail(settingsKey, `is no map of section.KEY to value; set it to one such as {"mailer.ENABLED": true}`)
		return nil
	}
	settings := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if value, wrong := setting(name, given[name]); wrong != "" {
			r.fail(settingsKey, "%s", wrong)
		} else {
			settings[name] = value
		}
	}
	return settings
}

// parseSettings reads a structured value, which Pulumi passes to the program as JSON.
func parseSettings(text string) (map[string]any, error) {
	var given map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber() // keeps the digits as they were written
	if err := decoder.Decode(&given); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); given == nil || !errors.Is(err, io.EOF) {
		return nil, errors.New("not one map")
	}
	return given, nil
}

// setting returns the text of one setting, or what is wrong with it.
func setting(name string, given any) (value, wrong string) {
	if !settingName.MatchString(name) || encodedCharacter.MatchString(name) {
		return "", fmt.Sprintf("has %q, which is no name of a setting; write section.KEY with the section in lower case and the key in upper case, such as mailer.ENABLED, as in Gitea's configuration cheat sheet", name)
	}
	if instead := reservedFor(name); instead != "" {
		return "", fmt.Sprintf("has %s, which the pipeline itself sets; remove it: %s", name, instead)
	}
	switch v := given.(type) {
	case string:
		value = v
	case bool, json.Number:
		value = fmt.Sprint(v)
	default:
		return "", fmt.Sprintf("has %s with a value that is no text, number, true or false; set it to one of these", name)
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		return "", fmt.Sprintf("has %s with a line break or another control character in its value; set it to one line", name)
	}
	// A truth value or nothing is no secret: security.DISABLE_QUERY_AUTH_TOKEN.
	if looksSecret := secretName.MatchString(name) && value != "" && value != "true" && value != "false"; looksSecret || urlWithPassword.MatchString(value) {
		return "", fmt.Sprintf("has %s, which looks like a secret, and `docker inspect` and the file of the configuration would show it; remove it, and %s", name, secretAdvice)
	}
	return value, ""
}

// secretAdvice is where a secret of the user's goes instead.
const secretAdvice = "write it into the forge's own app.ini, which keeps it: see \"Gitea's other settings\" in the README"

// CheckSecrets refuses encrypted values in forge.settings: the forge's container would
// get them in plain text. The keys carry their namespaces.
func CheckSecrets(keys []string) error {
	if !slices.Contains(keys, naming.Project+":"+settingsKey) {
		return nil
	}
	return problem.New("reading the configuration key "+settingsKey,
		errors.New("it holds an encrypted value, which `docker inspect` of the forge's container would show in plain text"),
		"remove that value, and "+secretAdvice)
}

// withSetting returns the JSON text of forge.settings with one setting more.
func withSetting(text, name, value string) (string, error) {
	given := map[string]any{}
	if text != "" {
		var err error
		if given, err = parseSettings(text); err != nil {
			return "", fmt.Errorf("adding %s: %s is no map of section.KEY to value; correct it in the stack's configuration file", name, settingsKey)
		}
	}
	given[name] = value
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(given); err != nil {
		return "", fmt.Errorf("adding %s to %s: %w", name, settingsKey, err)
	}
	return strings.TrimSpace(out.String()), nil
}

package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
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

// settings reads forge.settings. Its errors contain no value, which may be a secret in the
// wrong place.
func (r *reader) settings(c *Config) {
	text := r.text(settingsKey, "")
	if text == "" {
		return
	}
	given, err := parseMap(text)
	if err != nil {
		r.fail(settingsKey, `is no map of section.KEY to value; set it to one such as {"mailer.ENABLED": true}`)
		return
	}
	if ciphertext, ok := encrypted(given); ok { // the whole map
		c.EncryptedSettings = map[string]string{"": ciphertext}
		return
	}
	c.ForgeSettings = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if wrong := c.set(name, given[name]); wrong != "" {
			r.fail(settingsKey, "%s", wrong)
		}
	}
}

// set takes one setting, or returns what is wrong with it.
func (c *Config) set(name string, given any) (wrong string) {
	if !settingName.MatchString(name) || encodedCharacter.MatchString(name) {
		return fmt.Sprintf("has %q, which is no name of a setting; write section.KEY with the section in lower case and the key in upper case, such as mailer.ENABLED, as in Gitea's configuration cheat sheet", name)
	}
	if instead := reservedFor(name); instead != "" {
		return fmt.Sprintf("has %s, which the pipeline itself sets; remove it: %s", name, instead)
	}
	if ciphertext, ok := encrypted(given); ok {
		if c.EncryptedSettings == nil {
			c.EncryptedSettings = map[string]string{}
		}
		c.EncryptedSettings[name] = ciphertext
		return ""
	}
	var value string
	switch v := given.(type) {
	case string:
		value = v
	case bool, json.Number:
		value = fmt.Sprint(v)
	default:
		return fmt.Sprintf("has %s with a value that is no text, number, true or false; set it to one of these", name)
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		return fmt.Sprintf("has %s with a line break or another control character in its value; set it to one line", name)
	}
	if !c.SecretSettings && looksSecret(name, value) {
		return fmt.Sprintf("has %s, which looks like a secret, and `docker inspect` and the file of the configuration would show it; encrypt it: %s", name, encryptAdvice(name))
	}
	c.ForgeSettings[name] = value
	return ""
}

// looksSecret guesses whether a setting is a secret. A truth value or nothing is none:
// security.DISABLE_QUERY_AUTH_TOKEN.
func looksSecret(name, value string) bool {
	return secretName.MatchString(name) && value != "" && value != "true" && value != "false" || urlWithPassword.MatchString(value)
}

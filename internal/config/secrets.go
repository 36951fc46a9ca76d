package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// secureKey is the only key of the map in which Pulumi keeps an encrypted value.
const secureKey = "secure"

// encrypted returns the ciphertext of a value that Pulumi, or the launcher, has encrypted.
func encrypted(given any) (ciphertext string, ok bool) {
	object, ok := given.(map[string]any)
	if !ok || len(object) != 1 {
		return "", false
	}
	ciphertext, ok = object[secureKey].(string)
	return ciphertext, ok
}

// EncryptedSetting is the assignment of an encrypted value to a setting of forge.settings.
func EncryptedSetting(name, ciphertext string) (string, error) {
	object, err := json.Marshal(map[string]string{secureKey: ciphertext})
	if err != nil {
		return "", fmt.Errorf("encrypting %s: %w", name, err)
	}
	return settingsKey + "." + name + "=" + string(object), nil
}

// encryptAdvice is how to give a setting an encrypted value.
func encryptAdvice(name string) string {
	return fmt.Sprintf("pipeline up --secret %[1]s=FILE, with the value in FILE, or: pulumi config set --secret --path '[\"%[2]s\"][\"%[1]s\"]'", name, settingsKey)
}

// Decrypt decrypts the settings whose values are encrypted. All that fails is in the error,
// which contains no value. The name is "" where the whole map is one encrypted value.
func (c *Config) Decrypt(decrypt func(name, ciphertext string) (string, error)) error {
	if len(c.EncryptedSettings) == 0 {
		return nil
	}
	var errs []error
	c.SecretSettings = true
	if c.ForgeSettings == nil {
		c.ForgeSettings = map[string]string{}
	}
	given := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(c.EncryptedSettings)) {
		value, err := decrypt(name, c.EncryptedSettings[name])
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", strings.Trim(settingsKey+"."+name, "."), err))
		case name != "":
			given[name] = value
		default:
			if given, err = parseMap(value); err != nil {
				errs = append(errs, fmt.Errorf("%s is no map of section.KEY to value", settingsKey))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if wrong := c.set(name, given[name]); wrong != "" {
			errs = append(errs, fmt.Errorf("%s %s", settingsKey, wrong))
		}
	}
	c.EncryptedSettings = nil
	return errors.Join(errs...)
}

// ReadSecrets reads the values of settings from files: each assignment has the form
// section.KEY=FILE. A line break at a file's end is no part of the value.
func ReadSecrets(assignments []string) (map[string]string, error) {
	secrets := map[string]string{}
	for _, assignment := range assignments {
		name, file, ok := strings.Cut(assignment, "=")
		name = strings.TrimPrefix(name, settingsKey+".")
		if !ok || file == "" || !settingName.MatchString(name) {
			return nil, fmt.Errorf("--secret %q is not of the form section.KEY=FILE", assignment)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the value of %s: %w", name, err)
		}
		value := strings.TrimRight(string(text), "\r\n")
		if value == "" {
			return nil, fmt.Errorf("reading the value of %s: %s is empty", name, file)
		}
		secrets[name] = value
	}
	return secrets, nil
}

package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// mapKeys are the keys whose value is a map, and what an entry of each is called.
var mapKeys = map[string]string{settingsKey: "section.KEY", labelsKey: "LABEL"}

// entryOf splits the name of an entry of a map: the map's key and the entry's own name.
func entryOf(name string) (key, entry string, ok bool) {
	for key := range mapKeys {
		if entry, ok := strings.CutPrefix(name, key+"."); ok {
			return key, entry, true
		}
	}
	return "", "", false
}

// parseMap reads a structured value, which Pulumi passes to the program as JSON.
func parseMap(text string) (map[string]any, error) {
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

// withEntry returns the JSON text of a map with one entry more.
func withEntry(key, text, name, value string) (string, error) {
	given := map[string]any{}
	if text != "" {
		var err error
		if given, err = parseMap(text); err != nil {
			return "", fmt.Errorf("adding %s: %s is no map of %s to value; correct it in the stack's configuration file", name, key, mapKeys[key])
		}
		if _, ok := encrypted(given); ok {
			return "", fmt.Errorf("adding %s: %s is one encrypted value; replace it by a map in which each secret is encrypted by itself", name, key)
		}
	}
	given[name] = value
	if object, err := parseMap(value); err == nil {
		if _, ok := encrypted(object); ok {
			given[name] = object
		}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(given); err != nil {
		return "", fmt.Errorf("adding %s to %s: %w", name, key, err)
	}
	return strings.TrimSpace(out.String()), nil
}

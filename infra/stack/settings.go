package stack

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
)

// forgeDefaults are settings of Gitea that forge.settings may change.
var forgeDefaults = map[string]string{
	// Webhooks reach the local network, and neither loopback nor link-local addresses: see
	// docs/security.md.
	webhookHosts: "external,private",
}

// webhookHosts is where the forge sends webhooks to. Whatever the list is, the webhook of the
// runners (docs/adr/0030-runners-wait-for-events.md) has its place in it.
const webhookHosts = "webhook.ALLOWED_HOST_LIST"

// settingsDir has the values of settings that are secrets, each in a file of the setting's
// name.
const settingsDir = "/opt/gitops-pipeline/settings/"

// forgeSettings are the defaults and the stack's own settings of Gitea, as environment
// variables, in a fixed order. Of a secret, the variable has the name of its file.
func forgeSettings(cfg config.Config) []string {
	settings := maps.Clone(forgeDefaults)
	maps.Copy(settings, cfg.ForgeSettings)
	var env []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if _, own := cfg.ForgeSettings[name]; own && cfg.SecretSettings {
			env = append(env, settingVariable(name)+"__FILE="+settingsDir+name)
		} else {
			env = append(env, settingVariable(name)+"="+settingValue(name, settings[name]))
		}
	}
	return env
}

// settingValue is a setting's value as Gitea gets it.
func settingValue(name, value string) string {
	if name == webhookHosts {
		return cmp.Or(value, "external") + "," + forgeAlias // as Gitea takes an empty one
	}
	return value
}

// secretSettings are the files with the stack's settings that are secrets. Gitea's
// environment-to-ini removes the line break at the end.
func secretSettings(cfg config.Config) docker.ContainerUploadArray {
	var files docker.ContainerUploadArray
	if cfg.SecretSettings {
		for _, name := range slices.Sorted(maps.Keys(cfg.ForgeSettings)) {
			value := pulumi.ToSecret(pulumi.String(settingValue(name, cfg.ForgeSettings[name]) + "\n")).(pulumi.StringOutput)
			files = append(files, upload(settingsDir+name, value, "0444"))
		}
	}
	return files
}

// noVariable is what the name of an environment variable cannot hold.
var noVariable = regexp.MustCompile(`[^A-Za-z0-9_]`)

// settingVariable is the environment variable from which Gitea's environment-to-ini
// writes the setting section.KEY.
func settingVariable(name string) string {
	dot := strings.LastIndex(name, ".") // -1 for a key without a section
	section := noVariable.ReplaceAllStringFunc(name[:max(dot, 0)], func(c string) string { return fmt.Sprintf("_0X%X_", c) })
	return "GITEA__" + section + "__" + name[dot+1:]
}

// timezone is the environment variable of the configured time zone, if there is one.
func timezone(cfg config.Config) []string {
	if cfg.Timezone == "" {
		return nil
	}
	return []string{"TZ=" + cfg.Timezone}
}

// jobEnvironment are the variables that every job gets.
func jobEnvironment(cfg config.Config) map[string]string {
	env := cfg.ProxyEnvironment()
	for _, variable := range timezone(cfg) {
		name, value, _ := strings.Cut(variable, "=")
		env[name] = value
	}
	maps.Copy(env, cfg.Runner.Env)
	return env
}

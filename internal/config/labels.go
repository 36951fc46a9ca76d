package config

import (
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"slices"

	"github.com/distribution/reference"
)

// labelsKey is the configuration key with a map: further labels of the runners.
const labelsKey = "runner.labels"

// JobImage stands for the job image as the image of a label in runner.labels.
const JobImage = "job"

// labelName is what runs-on may hold. gitea-runner cuts a label at its first colon.
var labelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+/-]{0,99}$`)

// DefaultLabels are the labels of every runner, whose jobs run in the job image: those of
// GitHub's hosted runners on Linux, and those of its self-hosted ones in both spellings. The
// forge tells upper case from lower case, and GitHub does not.
func DefaultLabels() []string { return defaultLabels(runtime.GOARCH) }

func defaultLabels(architecture string) []string {
	common := []string{"self-hosted", "linux", "Linux", "ubuntu-latest", "ubuntu-24.04", "ubuntu-22.04"}
	if architecture == "arm64" {
		return append(common, "arm64", "ARM64", "ubuntu-24.04-arm", "ubuntu-22.04-arm")
	}
	return append(common, "x64", "X64")
}

// labels reads runner.labels: each label's image.
func (r *reader) labels() map[string]string {
	text := r.text(labelsKey, "")
	if text == "" {
		return nil
	}
	given, err := parseMap(text)
	if err != nil {
		r.fail(labelsKey, `is no map of a label to an image; set it to one such as {"node": "node:22-bookworm"}`)
		return nil
	}
	labels := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		image, wrong := labelsImage(name, given[name])
		if wrong != "" {
			r.fail(labelsKey, "%s", wrong)
		}
		labels[name] = image
	}
	return labels
}

// images reads runner.images.
func (r *reader) images(runner RunnerConfig) []string {
	const key = "runner.images"
	var all []string
	for _, text := range r.list(key, `of images; set it to one such as ["postgres:17", "node:22-bookworm"]`) {
		named, err := reference.ParseNormalizedNamed(text)
		if err != nil {
			r.fail(key, "has %q, which is no name of an image (%v); write one such as postgres:17", text, err)
			continue
		}
		if _, digested := named.(reference.Digested); digested {
			r.fail(key, "has %q, with a digest, which an image that is laid out has no more; write its tag alone", text)
			continue
		}
		image := reference.FamiliarString(reference.TagNameOnly(named))
		if !slices.Contains(all, image) {
			all = append(all, image)
		}
	}
	if len(all) > 0 && !runner.Fresh() {
		r.fail(key, "needs runner.engine=%s and runner.capacity=1; any other engine keeps what its jobs have pulled, so remove it", EngineOwn)
	}
	return all
}

// labelsImage returns the image of one label, or what is wrong with it.
func labelsImage(label string, given any) (image, wrong string) {
	if !labelName.MatchString(label) {
		return "", fmt.Sprintf("has the label %q, which a workflow cannot ask for; use letters, digits and . _ + / - in it, such as node or gpu-large", label)
	}
	image, ok := given.(string)
	if !ok {
		return "", fmt.Sprintf("has the label %s with %v in place of an image; set it to one such as node:22-bookworm, or to %s for the job image", label, given, JobImage)
	}
	if image == JobImage {
		return image, ""
	}
	if _, err := reference.ParseNormalizedNamed(image); err != nil {
		return "", fmt.Sprintf("has the label %s with the image %q, which is no name of an image (%v); set it to one such as node:22-bookworm, without docker:// before it, or to %s for the job image", label, image, err, JobImage)
	}
	return image, ""
}

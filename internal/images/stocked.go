package images

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
	imagespec "github.com/moby/docker-image-spec/specs-go/v1"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// stocked is an image of runner.images, which job engines have besides the job image.
type stocked struct{ ref, id string }

// pullStocked finds the images on the Docker host, and pulls those that it does not have.
func (b *builder) pullStocked(ctx context.Context, refs []string) error {
	for _, ref := range refs {
		if err := b.pull(ctx, ref, "let the Docker host reach the registry, or build or load the image there, or take it off runner.images"); err != nil {
			return err
		}
	}
	return b.findStocked(ctx, refs)
}

// findStocked finds the images on the Docker host. One that is not there has no ID.
func (b *builder) findStocked(ctx context.Context, refs []string) error {
	b.stocked = nil
	for _, ref := range refs {
		found, err := b.docker.ImageInspect(ctx, ref)
		if err != nil && !cerrdefs.IsNotFound(err) {
			return fmt.Errorf("looking at image %s: %w", ref, err)
		}
		b.stocked = append(b.stocked, stocked{ref, found.ID})
	}
	return nil
}

// pull has the Docker host pull an image that it does not have. next says what to do if it cannot.
func (b *builder) pull(ctx context.Context, ref, next string) error {
	missing, err := b.missing(ctx, ref)
	if err != nil || len(missing) == 0 {
		return err
	}
	return b.out.Doing("pulling", "pulled", ref, func() error {
		body, err := b.docker.ImagePull(ctx, ref, image.PullOptions{})
		if err == nil {
			defer body.Close()
			err = messages(body)
		}
		if err != nil {
			return problem.New("pulling "+ref, err, next)
		}
		return nil
	})
}

// changes are the settings of an image, as docker import takes them.
func changes(c *imagespec.DockerOCIImageConfig) (string, error) {
	var text strings.Builder
	add := func(instruction string, arguments ...any) error {
		text.WriteString(instruction)
		for _, a := range arguments {
			if s, ok := a.(string); ok {
				text.WriteString(" " + s)
				continue
			}
			list, err := json.Marshal(a)
			if err != nil {
				return err
			}
			text.WriteString(" " + string(list))
		}
		text.WriteByte('\n')
		return nil
	}
	quote := func(value string) string { return strings.ReplaceAll(strconv.Quote(value), "$", `\$`) }
	var err error
	for _, e := range c.Env {
		name, value, _ := strings.Cut(e, "=")
		_ = add("ENV", name+"="+quote(value))
	}
	if c.WorkingDir != "" {
		_ = add("WORKDIR", c.WorkingDir)
	}
	if c.User != "" {
		_ = add("USER", c.User)
	}
	if c.StopSignal != "" {
		_ = add("STOPSIGNAL", c.StopSignal)
	}
	for _, port := range slices.Sorted(maps.Keys(c.ExposedPorts)) {
		_ = add("EXPOSE", port)
	}
	for _, volume := range slices.Sorted(maps.Keys(c.Volumes)) {
		_ = add("VOLUME", []string{volume})
	}
	if len(c.Entrypoint) > 0 {
		err = add("ENTRYPOINT", c.Entrypoint)
	}
	if len(c.Cmd) > 0 && err == nil {
		err = add("CMD", c.Cmd)
	}
	if h := c.Healthcheck; h != nil && len(h.Test) > 1 && err == nil {
		words := []any{}
		for flag, length := range map[string]string{
			"interval": h.Interval.String(), "timeout": h.Timeout.String(), "start-period": h.StartPeriod.String(),
		} {
			if length != "0s" {
				words = append(words, "--"+flag+"="+length)
			}
		}
		slices.SortFunc(words, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
		if h.Retries > 0 {
			words = append(words, "--retries="+strconv.Itoa(h.Retries))
		}
		words = append(words, "CMD")
		if h.Test[0] == "CMD-SHELL" {
			words = append(words, h.Test[1])
		} else {
			words = append(words, h.Test[1:])
		}
		err = add("HEALTHCHECK", words...)
	}
	return text.String(), err
}

// stockedWords are what a name covers of the images.
func (b *builder) stockedWords() []string {
	var words []string
	for _, s := range b.stocked {
		words = append(words, s.ref+"@"+s.id)
	}
	return words
}

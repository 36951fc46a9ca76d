package images

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

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

// changes are the settings of an image, a line each, as docker import takes them.
func changes(c *imagespec.DockerOCIImageConfig) string {
	var lines []string
	add := func(words ...string) { lines = append(lines, strings.Join(words, " ")+"\n") }
	for _, e := range c.Env {
		name, value, _ := strings.Cut(e, "=")
		add("ENV", name+"="+strings.ReplaceAll(strconv.Quote(value), "$", `\$`))
	}
	for _, setting := range [][2]string{{"WORKDIR", c.WorkingDir}, {"USER", c.User}, {"STOPSIGNAL", c.StopSignal}} {
		if setting[1] != "" {
			add(setting[0], setting[1])
		}
	}
	for _, port := range slices.Sorted(maps.Keys(c.ExposedPorts)) {
		add("EXPOSE", port)
	}
	for _, volume := range slices.Sorted(maps.Keys(c.Volumes)) {
		add("VOLUME", list(volume))
	}
	if len(c.Entrypoint) > 0 {
		add("ENTRYPOINT", list(c.Entrypoint...))
	}
	if len(c.Cmd) > 0 {
		add("CMD", list(c.Cmd...))
	}
	if h := c.Healthcheck; h != nil && len(h.Test) > 1 {
		add(healthcheck(h)...)
	}
	return strings.Join(lines, "")
}

// healthcheck is the instruction of a health check.
func healthcheck(h *imagespec.HealthcheckConfig) []string {
	words := []string{"HEALTHCHECK"}
	for _, flag := range []struct {
		name   string
		length time.Duration
	}{{"interval", h.Interval}, {"start-period", h.StartPeriod}, {"timeout", h.Timeout}} {
		if flag.length != 0 {
			words = append(words, "--"+flag.name+"="+flag.length.String())
		}
	}
	if h.Retries > 0 {
		words = append(words, "--retries="+strconv.Itoa(h.Retries))
	}
	if h.Test[0] == "CMD-SHELL" {
		return append(words, "CMD", h.Test[1])
	}
	return append(words, "CMD", list(h.Test[1:]...))
}

// list is a list of words in an instruction.
func list(words ...string) string {
	text, _ := json.Marshal(words) // strings have no error
	return string(text)
}

// stockedWords are what a name covers of the images.
func (b *builder) stockedWords() []string {
	var words []string
	for _, s := range b.stocked {
		words = append(words, s.ref+"@"+s.id)
	}
	return words
}

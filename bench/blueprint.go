package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
)

// blueprint is what the containers of a stack are made of, as the engine tells:
// whoever builds it by hand makes the same ones, under other names and ports.
type blueprint struct {
	b         *bench
	name      string
	http, ssh int
	goImage   string
	plans     map[string]plan // by role
}

// plan is one container: its configuration as JSON, and its uploaded files.
type plan struct {
	json  []byte
	files []file
}

// settings are what ContainerCreate takes.
type settings struct {
	Config     *container.Config
	HostConfig *container.HostConfig
}

// file is one entry of an archive.
type file struct {
	header tar.Header
	data   []byte
}

// uploads is where a stack's containers have what was uploaded.
const uploads = "/opt/gitops-pipeline"

// blueprint looks at a stack that is up.
func (b *bench) blueprint(ctx context.Context, s *stack) (*blueprint, error) {
	p := &blueprint{b: b, name: s.name, http: s.http, ssh: s.ssh, plans: map[string]plan{}}
	var err error
	if p.goImage, err = s.forge.goImage(); err != nil {
		return nil, err
	}
	for _, role := range roles {
		id, err := b.container(ctx, s.name, role)
		if err != nil {
			return nil, err
		}
		info, err := b.docker.ContainerInspect(ctx, id)
		if err != nil {
			return nil, err
		}
		info.Config.Hostname = "" // the engine's choice
		one := plan{}
		if one.json, err = json.Marshal(settings{info.Config, info.HostConfig}); err != nil {
			return nil, err
		}
		if one.files, err = b.readFiles(ctx, id); err != nil {
			return nil, err
		}
		p.plans[role] = one
	}
	return p, nil
}

// readFiles reads the uploaded files of a container; not all have some.
func (b *bench) readFiles(ctx context.Context, id string) ([]file, error) {
	body, _, err := b.docker.CopyFromContainer(ctx, id, uploads)
	if gone(err) == nil && err != nil {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", uploads, err)
	}
	defer body.Close()
	var files []file
	for archive := tar.NewReader(body); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", uploads, err)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", uploads, err)
		}
		files = append(files, file{*header, data})
	}
}

// rename makes the blueprint that of a stack with another name and ports.
func (p *blueprint) rename() (*blueprint, error) {
	next := *p
	next.name = "bench-" + strings.ToLower(rand.Text()[:8])
	var err, sshErr error
	next.http, err = freePort()
	next.ssh, sshErr = freePort()
	if err := errors.Join(err, sshErr); err != nil {
		return nil, err
	}
	other := strings.NewReplacer(p.name, next.name, strconv.Itoa(p.http), strconv.Itoa(next.http), strconv.Itoa(p.ssh), strconv.Itoa(next.ssh))
	next.plans = map[string]plan{}
	for role, one := range p.plans {
		renamed := plan{json: []byte(other.Replace(string(one.json)))}
		for _, f := range one.files {
			f.data = []byte(other.Replace(string(f.data)))
			f.header.Size = int64(len(f.data))
			renamed.files = append(renamed.files, f)
		}
		next.plans[role] = renamed
	}
	return &next, nil
}

// settings reads a plan's configuration.
func (p plan) settings() (settings, error) {
	var s settings
	err := json.Unmarshal(p.json, &s)
	return s, err
}

// archive packs the plan's files.
func (p plan) archive() (io.Reader, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range p.files {
		if err := w.WriteHeader(&f.header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	return &out, w.Close()
}

// content is an uploaded file's text.
func (p plan) content(name string) string {
	for _, f := range p.files {
		if strings.HasSuffix(f.header.Name, "/"+name) {
			return string(f.data)
		}
	}
	return ""
}

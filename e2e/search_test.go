//go:build e2e

package e2e

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
)

// search looks for secrets in data that is too large to keep in memory.
type search struct {
	t      *testing.T
	forms  map[string][][]byte // plain text and base64 of each secret, by its name
	places int
	bytes  int64
}

func newSearch(t *testing.T, secrets map[string]string) *search {
	s := &search{t: t, forms: map[string][][]byte{}}
	for name, secret := range secrets {
		s.forms[name] = [][]byte{[]byte(secret), []byte(base64.StdEncoding.EncodeToString([]byte(secret)))}
	}
	return s
}

// longest is longer than any form of a secret. Pieces overlap by this much.
const longest = 512

// read searches a stream piece by piece.
func (s *search) read(place string, r io.Reader) {
	s.t.Helper()
	s.places++
	piece := make([]byte, longest+1<<20)
	kept := 0
	found := map[string]bool{}
	for {
		n, err := io.ReadFull(r, piece[kept:])
		s.bytes += int64(n)
		text := piece[:kept+n]
		for name, forms := range s.forms {
			for _, form := range forms {
				if !found[name] && bytes.Contains(text, form) {
					found[name] = true
					s.t.Errorf("the secret %s is in the %s", name, place)
				}
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return
		}
		if err != nil {
			s.t.Fatalf("reading the %s: %v", place, err)
		}
		kept = copy(piece, text[len(text)-longest:])
	}
}

// image searches all layers and the configuration of an image.
func (s *search) image(ref string) {
	s.t.Helper()
	docker := dockerClient(s.t)
	defer docker.Close()
	body, err := docker.ImageSave(s.t.Context(), []string{ref})
	if err != nil {
		s.t.Fatalf("saving %s: %v", ref, err)
	}
	defer body.Close()
	for archive := tar.NewReader(body); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			s.t.Fatalf("saving %s: %v", ref, err)
		}
		s.read(header.Name+" of image "+ref, s.unpacked(archive))
	}
}

// unpacked returns the stream, decompressed if it is gzip's.
func (s *search) unpacked(r io.Reader) io.Reader {
	s.t.Helper()
	buffered := bufio.NewReader(r)
	if start, _ := buffered.Peek(2); !bytes.Equal(start, []byte{0x1f, 0x8b}) {
		return buffered
	}
	inner, err := gzip.NewReader(buffered)
	if err != nil {
		s.t.Fatal(err)
	}
	return inner
}

// images searches the images that the stack built and those that its runs published. The long
// form also searches the images that its containers run.
func (s *search) images(p *project) {
	s.t.Helper()
	docker := dockerClient(s.t)
	defer docker.Close()
	made, err := docker.ImageList(s.t.Context(), image.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", "gitops-pipeline-"+p.stack+"/*"))})
	if err != nil {
		s.t.Fatal(err)
	}
	refs := map[string]bool{}
	for _, i := range made {
		refs[i.ID] = true
	}
	if len(refs) == 0 {
		s.t.Error("got no image that the stack made")
	}
	for _, i := range p.status().Images {
		ref := p.status().URLs["registry"] + "/gitops/" + i.Name + ":" + i.Tag
		pull, err := docker.ImagePull(s.t.Context(), ref, image.PullOptions{})
		if err != nil {
			s.t.Fatalf("pulling %s: %v", ref, err)
		}
		_, err = io.Copy(io.Discard, pull)
		if err = errors.Join(err, pull.Close()); err != nil {
			s.t.Fatalf("pulling %s: %v", ref, err)
		}
		refs[ref] = true
		defer func() { _, _ = docker.ImageRemove(s.t.Context(), ref, image.RemoveOptions{}) }()
	}
	if long(0, 1) == 1 {
		for _, id := range p.labelled().containers {
			c, err := docker.ContainerInspect(s.t.Context(), id)
			if err != nil {
				s.t.Fatal(err)
			}
			refs[c.Image] = true
		}
	}
	for ref := range refs {
		s.image(ref)
	}
}

// readable searches the world-readable files that were written since then, below /tmp and in
// the artifacts' cache.
func (s *search) readable(since time.Time) {
	s.t.Helper()
	cache, err := artifacts.CacheDir()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, root := range []string{os.TempDir(), cache} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil { // it is gone: other programs write here too
				return nil
			}
			info, err := d.Info()
			if err != nil {
				return nil
			}
			if d.IsDir() && info.Mode().Perm()&0o001 == 0 {
				return fs.SkipDir // nobody else gets in
			}
			if !d.Type().IsRegular() || info.Mode().Perm()&0o004 == 0 || info.ModTime().Before(since) {
				return nil
			}
			f, err := os.Open(path)
			if err != nil {
				return nil
			}
			defer f.Close()
			s.read("file "+path, io.LimitReader(f, info.Size()))
			return nil
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

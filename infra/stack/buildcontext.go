package stack

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/go-archive"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// The files of a build context that tell Docker how to build. Docker reads them
// even where .dockerignore excludes them.
const (
	dockerfile   = "Dockerfile"
	dockerignore = ".dockerignore"
)

// contextHash returns 16 hex digits of the SHA-256 of everything an image is
// built from: the files that .dockerignore lets through, as Docker itself would
// send them, and the given inputs of the build, such as its arguments.
func contextHash(dir string, inputs ...map[string]string) (string, error) {
	h := sha256.New()
	for i, input := range inputs {
		for _, name := range slices.Sorted(maps.Keys(input)) {
			fmt.Fprintf(h, "%d %q=%q\n", i, name, input[name])
		}
	}
	if err := hashContext(h, dir); err != nil {
		return "", problem.New("reading the service's build context "+dir, err,
			"make its files readable and its .dockerignore valid, then run the command again")
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

// hashContext writes the build context to h, without what does not reach an
// image: the files' owners and modification times.
func hashContext(h hash.Hash, dir string) error {
	if _, err := os.Stat(filepath.Join(dir, dockerfile)); err != nil {
		return err
	}
	excludes, err := readDockerignore(dir)
	if err != nil {
		return err
	}
	stream, err := archive.TarWithOptions(dir, &archive.TarOptions{
		ExcludePatterns: append(excludes, "!"+dockerfile, "!"+dockerignore),
	})
	if err != nil {
		return err
	}
	defer stream.Close()
	for files := tar.NewReader(stream); ; {
		file, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%q %c %o %q %d\n", file.Name, file.Typeflag, file.Mode, file.Linkname, file.Size)
		for _, name := range slices.Sorted(maps.Keys(file.PAXRecords)) {
			if strings.HasPrefix(name, "SCHILY.xattr.") {
				fmt.Fprintf(h, "%q=%q\n", name, file.PAXRecords[name])
			}
		}
		if _, err := io.Copy(h, files); err != nil {
			return err
		}
	}
}

// readDockerignore returns the patterns of the context's .dockerignore, if
// there is one.
func readDockerignore(dir string) ([]string, error) {
	f, err := os.Open(filepath.Join(dir, dockerignore))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ignorefile.ReadAll(f)
}

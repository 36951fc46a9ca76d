//go:build linux

package inner

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"

	"github.com/containerd/continuity/fs"
)

// Stock is the job image in the layout of a Docker engine's data directory. It is created
// when the job engine's image is built, so that a new engine has nothing to load.
type Stock struct {
	Images   string // a Docker engine's data directory with the image; only its layers' files are used
	Template string // a data directory with the descriptions of the image and of its layers
}

// StockAt returns the stock in a directory.
func StockAt(dir string) Stock {
	return Stock{Images: filepath.Join(dir, "images"), Template: filepath.Join(dir, "template")}
}

// lay creates the data directory of a new engine.
func (s Stock) lay(data string) error {
	if err := fs.CopyDir(data, s.Template); err != nil {
		return fmt.Errorf("laying out the data of a fresh job engine: %w", err)
	}
	return nil
}

// layers returns the path of each layer's files in the stock, with its path relative to an
// engine's data directory.
func (s Stock) layers() (map[string]string, error) {
	found, err := filepath.Glob(filepath.Join(s.Images, "overlay2", "*", "diff"))
	if err != nil {
		return nil, err
	}
	layers := map[string]string{}
	for _, path := range found {
		below, err := filepath.Rel(s.Images, path)
		if err != nil {
			return nil, err
		}
		layers[path] = below
	}
	return layers, nil
}

// MakeTemplate creates the template from the images, after their engine has ended. The
// jobs' root owns the files of the layers; so MakeTemplate leaves access to this process's
// user alone.
func (s Stock) MakeTemplate() error {
	images := filepath.Join(s.Images, "overlay2")
	template := filepath.Join(s.Template, "overlay2")
	if err := os.MkdirAll(template, 0o755); err != nil {
		return err
	}
	if err := fs.CopyDir(filepath.Join(s.Template, "image"), filepath.Join(s.Images, "image")); err != nil {
		return fmt.Errorf("copying the images' descriptions: %w", err)
	}
	if err := fs.CopyDir(filepath.Join(template, "l"), filepath.Join(images, "l")); err != nil {
		return fmt.Errorf("copying the layers' short names: %w", err)
	}
	layers, err := s.layers()
	if err != nil {
		return err
	}
	own := []string{s.Template, template}
	for _, below := range layers {
		layer := filepath.Base(filepath.Dir(below))
		copied := filepath.Join(template, layer)
		for _, dir := range []string{copied, filepath.Join(copied, "diff"), filepath.Join(copied, "work")} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			own = append(own, dir)
		}
		for _, name := range []string{"link", "lower", "committed"} {
			if err := copyIfThere(filepath.Join(copied, name), filepath.Join(images, layer, name)); err != nil {
				return err
			}
			own = append(own, filepath.Join(copied, name))
		}
	}
	for _, path := range own {
		if err := os.Lchown(path, Subordinate, Subordinate); err != nil && !errors.Is(err, iofs.ErrNotExist) {
			return err
		}
	}
	for _, dir := range []string{filepath.Dir(s.Images), s.Images} {
		if err := os.Chown(dir, 0, 0); err != nil {
			return err
		}
		if err := os.Chmod(dir, 0o700); err != nil {
			return err
		}
	}
	return nil
}

func copyIfThere(to, from string) error {
	if _, err := os.Stat(from); errors.Is(err, iofs.ErrNotExist) {
		return nil
	}
	return fs.CopyFile(to, from)
}

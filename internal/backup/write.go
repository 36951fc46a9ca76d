package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// Partial returns the name of an archive that is not complete yet.
func Partial(file string) string { return file + ".partial" }

// Write writes an archive that only the user can read. It has another name until
// it is complete. volumes is a tar stream of the directory with the volumes.
func Write(file string, lock Lock, m Manifest, files StateFiles, volumes io.Reader) (h Header, err error) {
	partial := Partial(file)
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return h, fmt.Errorf("removing an unfinished backup: %w", err)
	}
	out, err := os.OpenFile(partial, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return h, fmt.Errorf("making the backup: %w", err)
	}
	defer func() {
		_ = out.Close() // closed already unless it failed
		if err != nil {
			_ = os.Remove(partial)
		}
	}()
	h = Header{Format: Format, Encrypted: lock.kind()}
	// The place of the header; its content is known at the end.
	if _, err := out.WriteString(h.String()); err != nil {
		return h, fmt.Errorf("writing the backup: %w", err)
	}
	sum := sha256.New()
	if err := writeBody(io.MultiWriter(out, sum), lock, m, files, volumes); err != nil {
		return h, err
	}
	end, err := out.Seek(0, io.SeekCurrent)
	if err != nil {
		return h, fmt.Errorf("writing the backup: %w", err)
	}
	h.Length = end - headerSize
	sum.Sum(h.Sum[:0])
	_, err = out.WriteAt([]byte(h.String()), 0)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return h, fmt.Errorf("writing the backup: %w", err)
	}
	if err := os.Rename(partial, file); err != nil {
		return h, fmt.Errorf("giving the backup its name: %w", err)
	}
	return h, syncDir(filepath.Dir(file))
}

// syncDir makes a new name in the directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("opening the backup's directory: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("keeping the backup's name: %w", err)
	}
	return nil
}

func writeBody(out io.Writer, lock Lock, m Manifest, files StateFiles, volumes io.Reader) error {
	recipients, err := lock.recipients()
	if err != nil {
		return err
	}
	var sealed io.WriteCloser
	if len(recipients) > 0 {
		if sealed, err = age.Encrypt(out, recipients...); err != nil {
			return fmt.Errorf("encrypting the backup: %w", err)
		}
		out = sealed
	}
	packed, err := zstd.NewWriter(out)
	if err != nil {
		return fmt.Errorf("compressing the backup: %w", err)
	}
	archive := tar.NewWriter(packed)
	manifest, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	if err := writeFile(archive, manifestFile, manifest, m.Created); err != nil {
		return err
	}
	for _, f := range files.files() {
		if err := writeFile(archive, f.name, *f.data, m.Created); err != nil {
			return err
		}
	}
	if err := copyEntries(archive, volumes); err != nil {
		return err
	}
	err = errors.Join(archive.Close(), packed.Close())
	if sealed != nil {
		err = errors.Join(err, sealed.Close())
	}
	if err != nil {
		return fmt.Errorf("writing the backup: %w", err)
	}
	return nil
}

func writeFile(archive *tar.Writer, name string, data []byte, made time.Time) error {
	err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(data)), Mode: 0o600, ModTime: made})
	if err == nil {
		_, err = archive.Write(data)
	}
	if err != nil {
		return fmt.Errorf("writing %s into the backup: %w", name, err)
	}
	return nil
}

func copyEntries(to *tar.Writer, from io.Reader) error {
	entries := tar.NewReader(from)
	for {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the volumes: %w", err)
		}
		if err := copyEntry(to, entry, entries); err != nil {
			return err
		}
	}
}

func copyEntry(to *tar.Writer, entry *tar.Header, content io.Reader) error {
	entry.Format = tar.FormatPAX // long names, times to the nanosecond
	err := to.WriteHeader(entry)
	if err == nil {
		_, err = io.Copy(to, content)
	}
	if err != nil {
		return fmt.Errorf("copying %s: %w", entry.Name, err)
	}
	return nil
}

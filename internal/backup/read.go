package backup

import (
	"archive/tar"
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// stateFileLimit bounds each file that is read into memory: a state is a few hundred KiB.
const stateFileLimit = 256 << 20

// Archive is an archive whose checksum was verified.
type Archive struct {
	Header     Header
	Manifest   Manifest
	StateFiles StateFiles

	file    *os.File
	packed  *zstd.Decoder
	entries *tar.Reader
	next    *tar.Header // the first entry that is not a state file
}

// verify compares the checksum of the whole file. It leaves the file at the start of what follows the header.
func verify(f *os.File) (Header, error) {
	text := make([]byte, headerSize)
	n, err := io.ReadFull(f, text)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return Header{}, fmt.Errorf("reading the backup: %w", err)
	}
	h, headerErr := parseHeader(text[:n])
	if headerErr != nil {
		return h, headerErr
	}
	sum := sha256.New()
	length, err := io.Copy(sum, f)
	switch {
	case err != nil:
		return h, fmt.Errorf("reading the backup: %w", err)
	case length < h.Length:
		return h, fmt.Errorf("%w: it is truncated, %d bytes of %d are there", ErrDamaged, length, h.Length)
	case length > h.Length:
		return h, fmt.Errorf("%w: %d bytes follow its end", ErrDamaged, length-h.Length)
	case string(sum.Sum(nil)) != string(h.Sum[:]):
		return h, fmt.Errorf("%w: its SHA-256 is %x, and its header says %x", ErrDamaged, sum.Sum(nil), h.Sum)
	}
	if _, err := f.Seek(headerSize, io.SeekStart); err != nil {
		return h, fmt.Errorf("reading the backup: %w", err)
	}
	return h, nil
}

// Open verifies an archive and reads everything but its volumes. If the archive is
// encrypted, key is asked for what decrypts it, after the checksum was verified.
func Open(file string, key func(Header) (Key, error)) (*Archive, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("opening the backup: %w", err)
	}
	a := &Archive{file: f}
	if err := a.open(key); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

func (a *Archive) open(key func(Header) (Key, error)) (err error) {
	if a.Header, err = verify(a.file); err != nil {
		return err
	}
	var plain io.Reader = bufio.NewReaderSize(a.file, 1<<20)
	if a.Header.Encrypted != EncryptedNot {
		k, err := key(a.Header)
		if err != nil {
			return err
		}
		if plain, err = k.open(plain); err != nil {
			return err
		}
	}
	if a.packed, err = zstd.NewReader(plain); err != nil {
		return fmt.Errorf("decompressing the backup: %w", err)
	}
	a.entries = tar.NewReader(a.packed)
	return a.readStateFiles()
}

// Close closes the file.
func (a *Archive) Close() {
	if a.packed != nil {
		a.packed.Close()
	}
	_ = a.file.Close()
}

func (a *Archive) readStateFiles() error {
	files := map[string]*[]byte{}
	for _, f := range a.StateFiles.files() {
		files[f.name] = f.data
	}
	for first := true; ; first = false {
		entry, err := a.entries.Next()
		if err != nil && (first || !errors.Is(err, io.EOF)) {
			return fmt.Errorf("%w: reading its files: %w", ErrDamaged, err)
		}
		if first && entry.Name != manifestFile {
			return fmt.Errorf("%w: it starts with %q and not with its manifest", ErrNoBackup, entry.Name)
		}
		if err != nil || strings.HasPrefix(entry.Name, volumesDir+"/") {
			a.next = entry
			break
		}
		data, err := io.ReadAll(io.LimitReader(a.entries, stateFileLimit))
		if err != nil {
			return fmt.Errorf("%w: reading %s: %w", ErrDamaged, entry.Name, err)
		}
		if first {
			if err := json.Unmarshal(data, &a.Manifest); err != nil {
				return fmt.Errorf("%w: reading its manifest: %w", ErrNoBackup, err)
			}
			if err := a.Manifest.check(); err != nil {
				return err
			}
		} else if into, ok := files[entry.Name]; ok {
			*into = data
		}
	}
	if len(a.StateFiles.State) == 0 || len(a.StateFiles.Passphrase) == 0 {
		return fmt.Errorf("%w: it holds no state, or nothing that opens it", ErrNoBackup)
	}
	return nil
}

// Volumes writes the directory with the volumes as a tar stream; it can be called once.
func (a *Archive) Volumes(to io.Writer) error {
	files := map[string]int{}
	for _, v := range a.Manifest.Volumes {
		files[v.Name] = 0
	}
	out := tar.NewWriter(to)
	for entry := a.next; entry != nil; {
		volume, err := volumeOf(entry)
		if err != nil {
			return err
		}
		if _, ok := files[volume]; !ok && volume != "" {
			return fmt.Errorf("%w: it holds %q, which is on none of its volumes", ErrNoBackup, entry.Name)
		}
		if volume != "" { // the directory itself exists
			if err := copyEntry(out, entry, a.entries); err != nil {
				return err
			}
		}
		if entry.Typeflag == tar.TypeReg || entry.Typeflag == tar.TypeLink {
			files[volume]++
		}
		if entry, err = a.entries.Next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("reading the backup: %w", err)
		}
	}
	for _, v := range a.Manifest.Volumes {
		if files[v.Name] != v.Files {
			return fmt.Errorf("%w: it holds %d files of volume %s, and its manifest says %d", ErrDamaged, files[v.Name], v.Name, v.Files)
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("restoring the volumes: %w", err)
	}
	return nil
}

// volumeOf returns the volume of an entry such as volumes/forge-data/git, and "" for
// the directory with the volumes. An entry outside of it is refused.
func volumeOf(entry *tar.Header) (string, error) {
	names := []string{entry.Name}
	if entry.Typeflag == tar.TypeLink {
		names = append(names, entry.Linkname)
	}
	volume := ""
	for _, name := range names {
		inner, ok := strings.CutPrefix(path.Clean(name)+"/", volumesDir+"/")
		if !ok {
			return "", fmt.Errorf("%w: it holds a file %q", ErrNoBackup, name)
		}
		volume, _, _ = strings.Cut(inner, "/")
	}
	return volume, nil
}

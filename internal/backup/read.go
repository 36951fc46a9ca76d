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

// smallLimit bounds what is read into memory: a state is a few hundred KiB.
const smallLimit = 256 << 20

// Archive is an archive that was found whole.
type Archive struct {
	Header   Header
	Manifest Manifest
	Small    Small

	file    *os.File
	packed  *zstd.Decoder
	entries *tar.Reader
	next    *tar.Header // the first entry that is not a small file
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
		return h, fmt.Errorf("%w: it is cut off, %d bytes of %d are there", ErrDamaged, length, h.Length)
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

// Open verifies an archive and reads everything but its volumes. key is asked for
// what opens it if it is encrypted, once it was found whole.
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
	return a.readSmall()
}

// Close closes the file.
func (a *Archive) Close() {
	if a.packed != nil {
		a.packed.Close()
	}
	_ = a.file.Close()
}

func (a *Archive) readSmall() error {
	files := map[string]*[]byte{}
	for _, f := range a.Small.files() {
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
		data, err := io.ReadAll(io.LimitReader(a.entries, smallLimit))
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
	if len(a.Small.State) == 0 || len(a.Small.Passphrase) == 0 {
		return fmt.Errorf("%w: it holds no state, or nothing that opens it", ErrNoBackup)
	}
	return nil
}

// Volumes writes the folder with the volumes as a tar stream; it can be called once.
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
		if volume != "" { // the folder itself is there
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

// volumeOf is the volume of an entry such as volumes/forge-data/git, and "" of
// the folder with the volumes. What would be elsewhere is refused.
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

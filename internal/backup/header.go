package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// Format is the version of the archive's form that this launcher writes, and
// the newest that it reads.
const Format = 1

// headerSize is the length of the plain text that an archive starts with.
const headerSize = 512

// The values of Header.Encrypted.
const (
	EncryptedNot        = "no"
	EncryptedPassphrase = "passphrase"
	EncryptedRecipients = "recipients"
)

// Header is the plain text that an archive starts with. It is enough to refuse a
// file before any of its content is trusted.
type Header struct {
	Format    int
	Encrypted string            // how
	Length    int64             // of what follows, in bytes
	Sum       [sha256.Size]byte // SHA-256 of what follows
}

const headerText = `gitops-pipeline backup
format %d
encrypted %s
length %d
sha256 %s
`

// String is the header as it stands in the file, padded to its fixed length.
func (h Header) String() string {
	unpack := "zstd -d | tar -x"
	if h.Encrypted != EncryptedNot {
		unpack = "age -d | " + unpack
	}
	text := fmt.Sprintf(headerText+"by hand: tail -c +%d FILE | %s", h.Format, h.Encrypted, h.Length, hex.EncodeToString(h.Sum[:]), headerSize+1, unpack)
	return fmt.Sprintf("%-*s\n", headerSize-1, text)
}

// Errors that say why a file is refused.
var (
	ErrNoBackup = errors.New("it is no backup of this project")
	ErrNewer    = errors.New("it was written by a newer version of this project")
	ErrDamaged  = errors.New("it is damaged")
)

// parseHeader reads a header. Every bit of it counts: it must be as this
// launcher would write it.
func parseHeader(text []byte) (Header, error) {
	first, _, _ := bytes.Cut([]byte(headerText), []byte("\n"))
	if !bytes.HasPrefix(text, first) {
		return Header{}, ErrNoBackup
	}
	var h Header
	var sum string
	if _, err := fmt.Sscanf(string(text[len(first):]), "\nformat %d", &h.Format); err != nil {
		return Header{}, fmt.Errorf("%w: its header names no format", ErrDamaged)
	}
	if h.Format > Format {
		return h, fmt.Errorf("%w: it has the format %d, and this one reads %d", ErrNewer, h.Format, Format)
	}
	if _, err := fmt.Sscanf(string(text), headerText, &h.Format, &h.Encrypted, &h.Length, &sum); err != nil {
		return h, fmt.Errorf("%w: its header cannot be read", ErrDamaged)
	}
	raw, err := hex.DecodeString(sum)
	copy(h.Sum[:], raw)
	if err != nil || h.String() != string(text) {
		return h, fmt.Errorf("%w: its header was changed", ErrDamaged)
	}
	return h, nil
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/gitops-pipeline/gitops-pipeline/internal/lifecycle"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// terminal asks the user on the terminal, if there is one.
type terminal struct {
	in  io.Reader
	out io.Writer
}

var _ lifecycle.Prompt = terminal{}

// file is the terminal's file, or nil.
func (t terminal) file() *os.File {
	if f, ok := t.in.(*os.File); ok && ui.IsTerminal(f) {
		return f
	}
	return nil
}

// Confirm asks the question, and fails unless the answer is want.
func (t terminal) Confirm(question, want string) error {
	if t.file() == nil {
		return problem.Usage(errors.New("this removes data and has to be confirmed, and there is no terminal to ask on; add --yes"))
	}
	fmt.Fprintf(t.out, "%s ", question)
	var answer string
	if _, err := fmt.Fscanln(t.in, &answer); err != nil || answer != want {
		return errors.New("not confirmed; nothing was removed")
	}
	return nil
}

// Passphrase asks for a passphrase without showing it.
func (t terminal) Passphrase(question string) (string, error) {
	file := t.file()
	if file == nil {
		return "", problem.Usage(errors.New("a passphrase is needed, and there is no terminal to ask on; use --passphrase-file FILE"))
	}
	fmt.Fprint(t.out, question)
	text, err := term.ReadPassword(int(file.Fd()))
	fmt.Fprintln(t.out)
	if err != nil {
		return "", fmt.Errorf("reading the passphrase: %w", err)
	}
	return string(text), nil
}

// NewPassphrase asks for a new passphrase, twice.
func (t terminal) NewPassphrase() (string, error) {
	first, err := t.Passphrase("Passphrase for the backup: ")
	if err != nil {
		return "", err
	}
	if len(first) < 8 {
		return "", problem.Usage(errors.New("the passphrase has fewer than 8 characters; choose a longer one"))
	}
	again, err := t.Passphrase("The same again: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", problem.Usage(errors.New("the two are not the same; repeat the command"))
	}
	return first, nil
}

package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"
)

// newPassphrase asks for a passphrase, twice.
func (a *app) newPassphrase() (string, error) {
	first, err := a.askPassphrase("Passphrase for the backup: ")
	if err != nil {
		return "", err
	}
	if len(first) < 8 {
		return "", &usageError{errors.New("the passphrase has fewer than 8 characters; take a longer one")}
	}
	again, err := a.askPassphrase("The same again: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", &usageError{errors.New("the two are not the same; repeat the command")}
	}
	return first, nil
}

// askPassphrase asks on the terminal, which does not show what is typed.
func (a *app) askPassphrase(question string) (string, error) {
	file, ok := a.in.(*os.File)
	if !ok || !isTerminal(file) {
		return "", &usageError{errors.New("a passphrase is needed, and there is no terminal to ask on; use --passphrase-file FILE")}
	}
	fmt.Fprint(a.out, question)
	text, err := term.ReadPassword(int(file.Fd()))
	fmt.Fprintln(a.out)
	if err != nil {
		return "", fmt.Errorf("reading the passphrase: %w", err)
	}
	return string(text), nil
}

// Command gitea-rekey gives a Gitea that is stopped a new SECRET_KEY: it
// encrypts anew all that the old one encrypts in the SQLite database.
//
//	gitea-rekey DATABASE KEYFILE
//
// It can be killed at any point and run again: until the transaction is
// committed the old key and the old rows belong together, afterwards the new
// ones do. The new key stands in KEYFILE.next meanwhile, and a row of
// Gitea's app_state, written in the same transaction, tells which of the two
// the rows belong to.
//
// Exit codes: 0 done; 1 refused, nothing changed; 2 cut off, run it again
// before Gitea is started.
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: gitea-rekey DATABASE KEYFILE")
		os.Exit(1)
	}
	err := rekey(os.Args[1], os.Args[2])
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, err)
	if errors.Is(err, errCutOff) {
		os.Exit(2)
	}
	os.Exit(1)
}

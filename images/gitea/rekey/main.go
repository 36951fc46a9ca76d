// Command gitea-rekey replaces the SECRET_KEY of a stopped Gitea. It decrypts everything
// in the SQLite database that is encrypted with the old key, and encrypts it with a new one.
//
//	gitea-rekey DATABASE KEYFILE
//
// It may be killed at any point and run again. All rows change in one transaction: before
// its commit they belong to the old key, after it to the new one. Meanwhile the new key is
// in KEYFILE.next. A row of Gitea's table app_state, written in the same transaction,
// says which of the two keys the rows belong to.
//
// Exit codes: 0 done; 1 failed, nothing changed; 2 interrupted, run it again before Gitea
// starts.
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
	if errors.Is(err, errInterrupted) {
		os.Exit(2)
	}
	os.Exit(1)
}

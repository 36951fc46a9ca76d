package main

import (
	"crypto/md5"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"code.gitea.io/gitea/modules/secret"
)

// column is a column that Gitea encrypts with SECRET_KEY: the whole text, or some members
// of the JSON object in it.
type column struct {
	table, column string
	cipher        cipher
	members       []string
}

// cipher is how Gitea encrypts a column.
type cipher struct {
	decrypt, encrypt func(key, text string) (string, error)
}

// columns are all columns of Gitea 1.26 that it encrypts with SECRET_KEY, by EncryptSecret
// or AesEncrypt.
var columns = []column{
	{table: "secret", column: "data", cipher: plain},
	{table: "webhook", column: "header_authorization_encrypted", cipher: plain},
	{table: "two_factor", column: "secret", cipher: twoFactor},
	{table: "login_source", column: "cfg", cipher: plain, members: []string{"BindPasswordEncrypt"}},
	{table: "task", column: "payload_content", cipher: plain, members: []string{
		"clone_addr_encrypted", "auth_password_encrypted", "auth_token_encrypted", "aws_secret_access_key_encrypted",
	}},
}

// plain is the cipher of most columns.
var plain = cipher{secret.DecryptSecret, secret.EncryptSecret}

// twoFactor is the cipher of Gitea's models/auth/twofactor.go.
var twoFactor = cipher{
	decrypt: func(key, text string) (string, error) {
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return "", err
		}
		sum := md5.Sum([]byte(key))
		found, err := secret.AesDecrypt(sum[:], data)
		return string(found), err
	},
	encrypt: func(key, text string) (string, error) {
		sum := md5.Sum([]byte(key))
		data, err := secret.AesEncrypt(sum[:], []byte(text))
		return base64.StdEncoding.EncodeToString(data), err
	},
}

// convert encrypts the column with the new key in every row.
func (c column) convert(tx *sql.Tx, old, key string) error {
	rows, err := tx.Query(fmt.Sprintf("SELECT id, %q FROM %q WHERE %q <> ''", c.column, c.table, c.column))
	if err != nil {
		return err
	}
	defer rows.Close()
	converted := map[int64]string{}
	for rows.Next() {
		var id int64
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			return err
		}
		if converted[id], err = c.value(text, old, key); err != nil {
			return fmt.Errorf("row %d: %w", id, err)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for id, text := range converted {
		if _, err := tx.Exec(fmt.Sprintf("UPDATE %q SET %q = ? WHERE id = ?", c.table, c.column), text, id); err != nil {
			return fmt.Errorf("row %d: %w", id, err)
		}
	}
	return nil
}

// value returns the text of a row, encrypted with the new key.
func (c column) value(text, old, key string) (string, error) {
	if c.members == nil {
		return c.cipher.convert(text, old, key)
	}
	object := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		return "", err
	}
	changed := false
	for _, name := range c.members {
		var member string
		if json.Unmarshal(object[name], &member) != nil || member == "" {
			continue
		}
		converted, err := c.cipher.convert(member, old, key)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		if object[name], err = json.Marshal(converted); err != nil {
			return "", err
		}
		changed = true
	}
	if !changed {
		return text, nil
	}
	data, err := json.Marshal(object)
	return string(data), err
}

// convert decrypts a text with the old key and encrypts it with the new one.
func (c cipher) convert(text, old, key string) (string, error) {
	found, err := c.decrypt(old, text)
	if err != nil {
		return "", fmt.Errorf("the current key does not decrypt it: %w", err)
	}
	return c.encrypt(key, found)
}

package provider

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"unicode/utf8"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// RandomSecret is a random string that is generated once and kept in the state, so
// that the stack needs no third plugin for its passwords.
type RandomSecret struct{}

// RandomSecretArgs are the inputs of a RandomSecret.
type RandomSecretArgs struct {
	Length  *int    `pulumi:"length,optional" provider:"replaceOnChanges"`
	Charset *string `pulumi:"charset,optional" provider:"replaceOnChanges"`
}

// RandomSecretState is the state of a RandomSecret.
type RandomSecretState struct {
	RandomSecretArgs
	Result string `pulumi:"result" provider:"secret"`
}

const (
	defaultLength  = 32
	defaultCharset = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// Annotate documents the resource.
func (r *RandomSecret) Annotate(a infer.Annotator) {
	a.Describe(r, "A random string, generated once from the system's cryptographic source and kept, encrypted, in the state.")
}

// Annotate documents the inputs.
func (r *RandomSecretArgs) Annotate(a infer.Annotator) {
	a.Describe(&r.Length, "Number of characters, at least 16. Default: 32.")
	a.SetDefault(&r.Length, defaultLength)
	a.Describe(&r.Charset, "The characters to choose from, at least 10 different ones. Default: ASCII letters and digits.")
	a.SetDefault(&r.Charset, defaultCharset)
}

// Annotate documents the outputs.
func (r *RandomSecretState) Annotate(a infer.Annotator) {
	a.Describe(&r.Result, "The secret.")
}

// Check refuses secrets that could be guessed.
func (*RandomSecret) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[RandomSecretArgs], error) {
	in, failures, err := infer.DefaultCheck[RandomSecretArgs](ctx, req.NewInputs)
	if in.Length != nil && *in.Length < 16 {
		failures = append(failures, p.CheckFailure{Property: "length", Reason: fmt.Sprintf("%d is too short to be secret; use at least 16", *in.Length)})
	}
	if in.Charset != nil {
		if reason := charsetProblem(*in.Charset); reason != "" {
			failures = append(failures, p.CheckFailure{Property: "charset", Reason: reason})
		}
	}
	return infer.CheckResponse[RandomSecretArgs]{Inputs: in, Failures: failures}, err
}

// charsetProblem says why a character set is refused, or nothing.
func charsetProblem(charset string) string {
	if !utf8.ValidString(charset) {
		return "is not valid UTF-8; use whole characters"
	}
	distinct := map[rune]bool{}
	for _, c := range charset {
		distinct[c] = true
	}
	if len(distinct) < 10 {
		return fmt.Sprintf("%d different characters make a secret easy to guess; use at least 10", len(distinct))
	}
	return ""
}

// Create generates the secret.
func (*RandomSecret) Create(_ context.Context, req infer.CreateRequest[RandomSecretArgs]) (infer.CreateResponse[RandomSecretState], error) {
	resp := infer.CreateResponse[RandomSecretState]{ID: req.Name, Output: RandomSecretState{RandomSecretArgs: req.Inputs}}
	if req.DryRun {
		return resp, nil
	}
	charset := []rune(*req.Inputs.Charset)
	secret := make([]rune, *req.Inputs.Length)
	for i := range secret {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(charset))))
		if err != nil {
			return resp, fmt.Errorf("generating a random secret: %w", err)
		}
		secret[i] = charset[n.Int64()]
	}
	resp.Output.Result = string(secret)
	return resp, nil
}

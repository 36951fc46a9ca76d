package provider

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// RandomSecret is a random string that is made once and kept in the state, so
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
	a.Describe(r, "A random string, made once from the system's cryptographic source and kept, encrypted, in the state.")
}

// Annotate documents the inputs.
func (r *RandomSecretArgs) Annotate(a infer.Annotator) {
	a.Describe(&r.Length, "Number of characters, at least 16. Default: 32.")
	a.SetDefault(&r.Length, defaultLength)
	a.Describe(&r.Charset, "The characters to choose from, at least 10. Default: ASCII letters and digits.")
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
	if in.Charset != nil && len(*in.Charset) < 10 {
		failures = append(failures, p.CheckFailure{Property: "charset", Reason: "fewer than 10 characters make a secret easy to guess"})
	}
	return infer.CheckResponse[RandomSecretArgs]{Inputs: in, Failures: failures}, err
}

// Create makes the secret.
func (*RandomSecret) Create(_ context.Context, req infer.CreateRequest[RandomSecretArgs]) (infer.CreateResponse[RandomSecretState], error) {
	resp := infer.CreateResponse[RandomSecretState]{ID: req.Name, Output: RandomSecretState{RandomSecretArgs: req.Inputs}}
	if req.DryRun {
		return resp, nil
	}
	charset := *req.Inputs.Charset
	secret := make([]byte, *req.Inputs.Length)
	for i := range secret {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(charset))))
		if err != nil {
			return resp, fmt.Errorf("making a random secret: %w", err)
		}
		secret[i] = charset[n.Int64()]
	}
	resp.Output.Result = string(secret)
	return resp, nil
}

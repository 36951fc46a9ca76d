package provider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"code.gitea.io/sdk/gitea"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// requestTimeout bounds one request to the server.
const requestTimeout = 30 * time.Second

// transferTimeout bounds one fetch or push of a repository's content.
const transferTimeout = 15 * time.Minute

// Config is the provider's configuration.
type Config struct {
	BaseURL  string `pulumi:"baseUrl,optional"`
	Token    string `pulumi:"token,optional" provider:"secret"`
	Username string `pulumi:"username,optional"`
	Password string `pulumi:"password,optional" provider:"secret"`
}

var (
	_ infer.Annotated       = (*Config)(nil)
	_ infer.CustomConfigure = (*Config)(nil)
)

// Annotate documents the configuration.
func (c *Config) Annotate(a infer.Annotator) {
	a.Describe(&c.BaseURL, "Address of the server, such as http://localhost:3000. It is asked directly, without the proxies of the environment. Default: the environment's GITEA_BASE_URL.")
	a.Describe(&c.Token, "Access token. Default: GITEA_TOKEN. Creating users needs an administrator's.")
	a.Describe(&c.Username, "User name, with password, in place of a token. Default: GITEA_USERNAME.")
	a.Describe(&c.Password, "Password of username. Default: GITEA_PASSWORD.")
}

// Configure fills what is left out from the environment. It does not connect:
// the server may be a container of the same deployment.
func (c *Config) Configure(context.Context) error {
	for name, field := range map[string]*string{
		"GITEA_BASE_URL": &c.BaseURL, "GITEA_TOKEN": &c.Token,
		"GITEA_USERNAME": &c.Username, "GITEA_PASSWORD": &c.Password,
	} {
		if *field == "" {
			*field = os.Getenv(name)
		}
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	return nil
}

// diffConfig is the call that compares configurations.
type diffConfig func(context.Context, p.DiffRequest) (p.DiffResponse, error)

// inPlace updates the provider in place when its configuration changes. By default
// every change replaces the provider, and with it all that it created: a new password,
// or a forge whose container is replaced, must not delete its repositories.
func inPlace(diff diffConfig) diffConfig {
	return func(ctx context.Context, req p.DiffRequest) (p.DiffResponse, error) {
		resp, err := diff(ctx, req)
		for name, d := range resp.DetailedDiff {
			switch d.Kind {
			case p.AddReplace:
				d.Kind = p.Add
			case p.DeleteReplace:
				d.Kind = p.Delete
			case p.UpdateReplace:
				d.Kind = p.Update
			}
			resp.DetailedDiff[name] = d
		}
		resp.DeleteBeforeReplace = false
		return resp, err
	}
}

// client connects with the provider's own credential.
func client(ctx context.Context) (*gitea.Client, error) {
	c := infer.GetConfig[Config](ctx)
	if c.Token != "" {
		return c.connect(ctx, gitea.SetToken(c.Token))
	}
	return c.connect(ctx, gitea.SetBasicAuth(c.Username, c.Password))
}

// clientAs connects as a user, for what Gitea lets only the user itself do.
func clientAs(ctx context.Context, username, password string) (*gitea.Client, error) {
	return infer.GetConfig[Config](ctx).connect(ctx, gitea.SetBasicAuth(username, password))
}

func (c Config) connect(ctx context.Context, auth gitea.ClientOption) (*gitea.Client, error) {
	if u, err := url.Parse(c.BaseURL); err != nil || u.Host == "" {
		return nil, fmt.Errorf("connecting to Gitea: baseUrl is %q; set it, or GITEA_BASE_URL, to an address such as http://localhost:3000", c.BaseURL)
	}
	return gitea.NewClient(c.BaseURL, auth,
		gitea.SetContext(ctx),
		gitea.SetHTTPClient(httpClient),
		gitea.SetGiteaVersion("")) // else it asks the server at once
}

// apiError adds to an error of the client what was asked and what was answered.
func apiError(doing string, resp *gitea.Response, err error) error {
	if err == nil {
		return nil
	}
	if resp != nil && resp.Response != nil && resp.Request != nil {
		return fmt.Errorf("%s: %s %s answered %s: %w", doing, resp.Request.Method, resp.Request.URL.Path, resp.Status, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// notFound tells whether the server answered 404.
func notFound(resp *gitea.Response) bool {
	return resp != nil && resp.Response != nil && resp.StatusCode == http.StatusNotFound
}

// unreachable tells whether err means that no server could be asked: the
// connection failed, or nothing answered in time, as where another program has
// taken the port. What is
// known about a resource then stays as it is, with a warning: a forge that is
// down has not lost anything, and a refresh must be able to bring it back.
func unreachable(ctx context.Context, err error) bool {
	if !noAnswer(ctx, err) {
		return false
	}
	p.GetLogger(ctx).Warningf("the server cannot be reached (%v); what was recorded is kept", err)
	return true
}

func noAnswer(ctx context.Context, err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return true
	}
	var slow net.Error
	return ctx.Err() == nil && (errors.Is(err, context.DeadlineExceeded) || errors.As(err, &slow) && slow.Timeout())
}

func ptr[T any](v T) *T { return &v }

package forgestart

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"code.gitea.io/sdk/gitea"
	"github.com/cenkalti/backoff/v5"

	"github.com/gitops-pipeline/gitops-pipeline/internal/taskevents"
)

const (
	healthInterval  = 100 * time.Millisecond // between two health checks of Gitea
	requestTimeout  = 10 * time.Second
	firstRetry      = 200 * time.Millisecond
	longestRetry    = 10 * time.Second
	tokenNamePrefix = "start-"
)

// passwordStep sets the administrator's password to the stack's, and then marks the forge
// as ready.
type passwordStep struct {
	*Starter
	created bool // whether the administrator may exist
}

// passwordStep checks whether there is a database. At the first start there is none, and so
// no administrator: that saves one of Gitea's commands, each of which takes a second.
func (s *Starter) passwordStep() *passwordStep {
	info, err := os.Stat(s.Config.database())
	return &passwordStep{Starter: s, created: err == nil && info.Size() > 0}
}

// set tries until it succeeds or ctx ends, and logs each failure.
func (p *passwordStep) set(ctx context.Context) error {
	if err := p.awaitHealthy(ctx); err != nil {
		return err
	}
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, p.run(ctx) },
		backoff.WithMaxElapsedTime(0),
		backoff.WithBackOff(&backoff.ExponentialBackOff{InitialInterval: firstRetry, Multiplier: 2, MaxInterval: longestRetry}),
		backoff.WithNotify(func(err error, next time.Duration) {
			p.Log.Error("setting the administrator's password failed; the forge is not ready until it succeeds",
				"why", err, "again in", next)
		}))
	return err
}

// awaitHealthy waits until Gitea answers.
func (s *Starter) awaitHealthy(ctx context.Context) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, s.healthy(ctx) },
		backoff.WithMaxElapsedTime(0), backoff.WithBackOff(backoff.NewConstantBackOff(healthInterval)))
	return err
}

// run makes one attempt. It sets the password through the API: as an argument of one of
// Gitea's commands, everyone on the host could read it.
func (p *passwordStep) run(ctx context.Context) error {
	admin, password, err := p.admin(ctx)
	if err != nil {
		return err
	}
	_, resp, err := admin.GetMyUserInfo()
	if err != nil && (resp == nil || resp.Response == nil || resp.StatusCode != http.StatusUnauthorized) {
		return fmt.Errorf("signing in: %w", err)
	}
	if err != nil {
		if err := p.change(ctx, password); err != nil {
			return err
		}
	}
	if err := removeTokens(admin); err != nil {
		p.Log.Warn("removing the access tokens of earlier starts failed; the next start tries again", "why", err)
	}
	if err := p.hook(admin); err != nil {
		p.Log.Warn("no webhook tells of tasks: runners wait for one up to "+taskevents.Hold.String(), "why", err)
	}
	if err := os.WriteFile(p.Config.ReadyFile, nil, 0o600); err != nil {
		return fmt.Errorf("saying that the forge is ready: %w", err)
	}
	return nil
}

// admin returns a client that signs in as the administrator, with the stack's password for it.
func (s *Starter) admin(ctx context.Context) (api *gitea.Client, password string, err error) {
	text, err := os.ReadFile(s.Config.PasswordFile)
	if err != nil {
		return nil, "", fmt.Errorf("reading the password: %w", err)
	}
	password = strings.TrimRight(string(text), "\n")
	if password == "" {
		return nil, "", fmt.Errorf("reading the password: %s is empty", s.Config.PasswordFile)
	}
	api, err = s.client(ctx, gitea.SetBasicAuth(s.Config.AdminUser, password))
	return api, password, err
}

// change sets the password, signed in with an access token of the administrator.
func (p *passwordStep) change(ctx context.Context, password string) error {
	token, err := p.token(ctx)
	if err != nil {
		return err
	}
	api, err := p.client(ctx, gitea.SetToken(token))
	if err != nil {
		return err
	}
	keep := false
	if _, err := api.AdminEditUser(p.Config.AdminUser, gitea.EditUserOption{
		LoginName: p.Config.AdminUser, Password: password, MustChangePassword: &keep,
	}); err != nil {
		return fmt.Errorf("changing the password: %w", err)
	}
	return nil
}

// token returns a new access token of the administrator, which it creates if necessary.
func (p *passwordStep) token(ctx context.Context) (string, error) {
	const scope = "write:admin"
	name := tokenNamePrefix + strconv.FormatInt(time.Now().UnixNano(), 10)
	var refused error
	if p.created {
		var out string
		out, refused = p.gitea(ctx, "admin", "user", "generate-access-token", "--username", p.Config.AdminUser,
			"--token-name", name, "--scopes", scope, "--raw")
		if token := strings.TrimSpace(out); refused == nil && token != "" {
			return token, nil
		}
	}
	p.created = true // if not, the next attempt creates it
	out, err := p.gitea(ctx, "admin", "user", "create", "--admin", "--username", p.Config.AdminUser, "--random-password",
		"--email", p.Config.AdminUser+"@noreply.localhost", "--must-change-password=false",
		"--access-token", "--access-token-name", name, "--access-token-scopes", scope)
	if err != nil {
		return "", errors.Join(refused, fmt.Errorf("creating the administrator: %w", err))
	}
	for line := range strings.Lines(out) {
		if rest, ok := strings.CutPrefix(line, "Access token was successfully created"); ok {
			return strings.TrimLeft(strings.TrimSpace(rest), ".: "), nil
		}
	}
	return "", errors.New("creating the administrator: gitea printed no access token")
}

// gitea runs one of Gitea's commands. Its standard output may contain secrets, so errors do
// not include it.
func (p *passwordStep) gitea(ctx context.Context, args ...string) (string, error) {
	out, err := p.Output(ctx, giteaProgram, append([]string{"--config", p.Config.AppINI}, args...)...)
	if err != nil {
		return "", fmt.Errorf("gitea %s: %w", strings.Join(args[:3], " "), err)
	}
	return out, nil
}

// client returns a client of Gitea's API.
func (s *Starter) client(ctx context.Context, auth gitea.ClientOption) (*gitea.Client, error) {
	return gitea.NewClient(s.Config.API, auth, gitea.SetGiteaVersion(""), gitea.SetContext(ctx),
		gitea.SetHTTPClient(&http.Client{Timeout: requestTimeout}))
}

// removeTokens removes the access tokens of this start and of interrupted ones.
func removeTokens(admin *gitea.Client) error {
	tokens, _, err := admin.ListAccessTokens(gitea.ListAccessTokensOptions{ListOptions: gitea.ListOptions{Page: -1}})
	if err != nil {
		return err
	}
	var failed []error
	for _, token := range tokens {
		if strings.HasPrefix(token.Name, tokenNamePrefix) {
			_, err := admin.DeleteAccessToken(token.ID)
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

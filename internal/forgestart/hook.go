package forgestart

import (
	"fmt"

	"code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/paging"
)

// hook has Gitea tell of each job whose state changes: see package taskevents. Administrators
// see it among the forge's system webhooks. An existing one gets the runners' present secret.
func (s *Starter) hook(admin *gitea.Client) error {
	secret, err := s.runnersSecret()
	if err != nil {
		return err
	}
	address, authorization, events := s.Config.Cache.Events, "Bearer "+secret, []string{"workflow_job"}
	config := map[string]string{"url": address, "content_type": "json", "is_system_webhook": "true"}
	for h, err := range paging.Pages(func(o gitea.ListOptions) ([]*gitea.Hook, int64, error) {
		hooks, response, err := admin.ListAdminHooks(gitea.ListAdminHooksOptions{ListOptions: o, Type: "system"})
		return hooks, paging.Total(response), err
	}) {
		if err != nil {
			return fmt.Errorf("listing the forge's webhooks: %w", err)
		}
		if h.Config["url"] != address {
			continue
		}
		active := true
		if _, _, err := admin.EditAdminHook(h.ID, gitea.EditHookOption{
			Config: config, Events: events, Active: &active, AuthorizationHeader: authorization,
		}); err != nil {
			return fmt.Errorf("updating the webhook of the runners: %w", err)
		}
		return nil
	}
	if _, _, err := admin.CreateAdminHook(gitea.CreateHookOption{
		Type: gitea.HookTypeGitea, Config: config, Events: events, Active: true, AuthorizationHeader: authorization,
	}); err != nil {
		return fmt.Errorf("creating the webhook of the runners: %w", err)
	}
	return nil
}

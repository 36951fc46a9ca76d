package stack

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/taskevents"
	"github.com/gitops-pipeline/gitops-pipeline/sdk/go/gitea"
)

// Where the forge's files are in its container.
const (
	forgeProgram      = "/usr/local/bin/forge-start" // prepares and starts Gitea
	adminPasswordFile = "/opt/gitops-pipeline/admin-password"
	readyFile         = "/tmp/forge-ready" // says that the admin's password is set
	runnerTokenFile   = "/opt/gitops-pipeline/runner-token"
	forgeAlias        = "forge" // the forge's name on the stack's network
	forgeSSHPort      = 2222    // in the container
	// runnersPort is where the forge's container serves runners: leases of the cache, and news
	// of tasks. Jobs do not reach it.
	runnersPort  = "31009"
	forgeService = "http://" + forgeAlias + ":" + runnersPort
)

// Forge is a Gitea server with its data and its network.
type Forge struct {
	pulumi.ResourceState

	AdminPassword     pulumi.StringOutput
	RegistrationToken pulumi.StringOutput // lets runners register
	Network           pulumi.StringOutput // name of the stack's network
	Container         *docker.Container
	Provider          *gitea.Provider // signed in as the administrator
}

// ForgeArgs are the inputs of a Forge.
type ForgeArgs struct {
	Config    config.Config
	Image     string
	Inherited Inherited
	Mirror    []string // variables of the mirror of Go modules
}

// NewForge declares a Forge.
func NewForge(ctx *pulumi.Context, name string, args *ForgeArgs, opts ...pulumi.ResourceOption) (*Forge, error) {
	f := &Forge{}
	if err := ctx.RegisterComponentResourceV2("gitops-pipeline:index:Forge", name, nil, f, opts...); err != nil {
		return nil, err
	}
	child := pulumi.Parent(f)
	cfg := args.Config

	admin, err := gitea.NewRandomSecret(ctx, name+"-admin-password", &gitea.RandomSecretArgs{}, child)
	if err != nil {
		return nil, err
	}
	token, err := gitea.NewRandomSecret(ctx, name+"-registration-token", &gitea.RandomSecretArgs{Length: pulumi.Int(40)}, child)
	if err != nil {
		return nil, err
	}
	network, err := docker.NewNetwork(ctx, name+"-network", &docker.NetworkArgs{
		Name:   physical(ctx, "network"),
		Labels: networkLabels(ctx),
	}, child, pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return nil, err
	}
	data, err := newVolume(ctx, name+"-data", f, naming.ForgeData, "")
	if err != nil {
		return nil, err
	}
	cache, err := newVolume(ctx, name+"-cache", f, naming.ForgeCache, "")
	if err != nil {
		return nil, err
	}
	settings, err := newVolume(ctx, name+"-config", f, naming.ForgeConfig, "")
	if err != nil {
		return nil, err
	}

	aliases := pulumi.StringArray{pulumi.String(forgeAlias)}
	if !cfg.Loopback() {
		aliases = append(aliases, pulumi.String(cfg.Host))
	}
	certificates, trusting := args.Inherited.trust()
	container := &docker.ContainerArgs{
		Image:       pulumi.String(args.Image),
		Labels:      containerLabels(ctx, naming.Forge, ""),
		Restart:     pulumi.String(restart),
		Init:        pulumi.Bool(true),
		Entrypoints: pulumi.ToStringArray([]string{forgeProgram}),
		Envs:        pulumi.ToStringArray(slices.Concat(forgeEnvironment(cfg), args.Mirror, trusting, proxyEnvironment(cfg), forgeSettings(cfg), timezone(cfg))),
		Uploads: slices.Concat(docker.ContainerUploadArray{
			upload(adminPasswordFile, admin.Result, "0444"),
			upload(runnerTokenFile, token.Result, "0444"),
		}, secretSettings(cfg), certificates),
		Ports: docker.ContainerPortArray{
			docker.ContainerPortArgs{Internal: pulumi.Int(cfg.HTTPPort), External: pulumi.Int(cfg.HTTPPort), Ip: pulumi.String(cfg.BindAddress)},
			docker.ContainerPortArgs{Internal: pulumi.Int(forgeSSHPort), External: pulumi.Int(cfg.SSHPort), Ip: pulumi.String(cfg.BindAddress)},
		},
		NetworksAdvanced: docker.ContainerNetworksAdvancedArray{docker.ContainerNetworksAdvancedArgs{
			Name: network.Name, Aliases: aliases,
		}},
		Volumes: docker.ContainerVolumeArray{
			docker.ContainerVolumeArgs{VolumeName: data.Name, ContainerPath: pulumi.String("/var/lib/gitea")},
			docker.ContainerVolumeArgs{VolumeName: settings.Name, ContainerPath: pulumi.String("/etc/gitea")},
			docker.ContainerVolumeArgs{VolumeName: cache.Name, ContainerPath: pulumi.String("/var/cache/actions")},
		},
		Healthcheck: docker.ContainerHealthcheckArgs{
			Tests: pulumi.ToStringArray([]string{"CMD", forgeProgram, "healthy"}),
			// Once it has started, a check takes its time: see package healthcheck.
			Interval: pulumi.String("1s"), Timeout: pulumi.String("15s"), StartPeriod: pulumi.String("1m0s"), Retries: pulumi.Int(3),
		},
		Wait:                pulumi.Bool(true),
		WaitTimeout:         pulumi.Int(120),
		DestroyGraceSeconds: pulumi.Int(10),
	}
	applyLimits(cfg.Forge, container)
	// Two containers cannot publish one port: the old one is removed first.
	f.Container, err = docker.NewContainer(ctx, name+"-container", container, child,
		pulumi.DeleteBeforeReplace(true), pulumi.ReplaceOnChanges([]string{"healthcheck"}))
	if err != nil {
		return nil, err
	}

	// The provider waits for the container, which waits for its health check.
	url := f.Container.ID().ApplyT(func(pulumi.ID) string { return cfg.LocalURL() }).(pulumi.StringOutput)
	f.Provider, err = gitea.NewProvider(ctx, name+"-gitea", &gitea.ProviderArgs{
		BaseUrl: url, Username: pulumi.String(config.AdminUser), Password: admin.Result,
	}, child)
	if err != nil {
		return nil, err
	}
	f.AdminPassword, f.RegistrationToken, f.Network = admin.Result, token.Result, network.Name
	return f, ctx.RegisterResourceOutputs(f, pulumi.Map{"url": pulumi.String(cfg.URL()), "network": network.Name})
}

// forgeEnvironment configures Gitea. No value of it is secret: docker inspect
// shows them all. forge.settings may hold none of them: they are in internal/config's
// list of what is reserved.
func forgeEnvironment(cfg config.Config) []string {
	return []string{
		"ADMIN_USER=" + config.AdminUser,
		"ADMIN_PASSWORD_FILE=" + adminPasswordFile,
		"READY_FILE=" + readyFile,
		"CACHE_PORT=" + strconv.Itoa(config.CachePort),
		"RUNNERS_PORT=" + runnersPort,
		fmt.Sprintf("CACHE_SIZE=%d", cfg.CacheSize),
		"TASK_EVENTS_URL=" + forgeService + taskevents.Path,
		"GITEA_RUNNER_REGISTRATION_TOKEN_FILE=" + runnerTokenFile,
		fmt.Sprintf("RETAIN_IMAGES=%d", cfg.Retention.Images),
		fmt.Sprintf("GITEA__actions__ARTIFACT_RETENTION_DAYS=%d", cfg.Retention.Artifacts),
		"GITEA__actions__DEFAULT_ACTIONS_URL=self",
		fmt.Sprintf("GITEA__actions__LOG_RETENTION_DAYS=%d", cfg.Retention.Logs),
		"GITEA__actions__ENABLED=true",
		// A runner reports every five seconds on its job; the job of a dead runner fails
		// soon. Not at startup: runners could not report while Gitea was down.
		"GITEA__actions__ZOMBIE_TASK_TIMEOUT=45s",
		"GITEA__cron_0X2E_stop_zombie_tasks__RUN_AT_START=false",
		"GITEA__cron_0X2E_stop_zombie_tasks__SCHEDULE=@every 10s",
		"GITEA__cron_0X2E_update_checker__ENABLED=false",
		"GITEA__database__DB_TYPE=sqlite3",
		"GITEA__database__SQLITE_JOURNAL_MODE=WAL",
		// How long a write waits for another one, in milliseconds. Gitea's default of half a
		// second is less than a slow disk needs for a large one.
		"GITEA__database__SQLITE_TIMEOUT=10000",
		"GITEA__log__LEVEL=warn",
		"GITEA__packages__ENABLED=true",
		// A job is released before the end of the one that it needs is acknowledged, and a
		// push's workflow run is created before the push is: see ADR 12 and ADR 27.
		"GITEA__queue_0X2E_actions_ready_job__TYPE=immediate",
		"GITEA__queue_0X2E_push_update__TYPE=immediate",
		// The queues that keep what they have on disk look for it every second or two. What
		// Gitea had to send when it ended, it sends at its next start.
		"GITEA__queue_0X2E_webhook_sender__TYPE=channel",
		"GITEA__repository__DEFAULT_BRANCH=main",
		"GITEA__security__INSTALL_LOCK=true",
		"GITEA__security__SECRET_KEY_URI=file:/etc/gitea/secrets/secret-key",
		"GITEA__server__HTTP_PORT=" + strconv.Itoa(cfg.HTTPPort),
		"GITEA__server__LFS_START_SERVER=true",
		"GITEA__server__PUBLIC_URL_DETECTION=auto",
		"GITEA__server__ROOT_URL=" + cfg.URL() + "/",
		"GITEA__server__SSH_DOMAIN=" + cfg.Host,
		"GITEA__server__SSH_LISTEN_PORT=" + strconv.Itoa(forgeSSHPort),
		"GITEA__server__SSH_PORT=" + strconv.Itoa(cfg.SSHPort),
		"GITEA__service__DISABLE_REGISTRATION=true",
	}
}

func upload(file string, content pulumi.StringInput, permissions string) docker.ContainerUploadArgs {
	return docker.ContainerUploadArgs{
		File: pulumi.String(file), Content: content.ToStringOutput().ToStringPtrOutput(), Permissions: pulumi.String(permissions),
	}
}

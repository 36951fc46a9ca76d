package stack

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// Where a job engine has its socket, in its own container as in its runner's, and its
// data.
const (
	jobEngineRun    = "/run/engine"
	jobEngineSocket = jobEngineRun + "/docker/docker.sock"
	jobEngineData   = "/engine"
)

// proxySocket is where, in its container, a runner finds its job engine when each job has
// one of its own: behind a proxy that adapts how containers are created.
const proxySocket = "/run/job-engine.sock"

// hostSocket is the Docker host's socket, for runner.engine=host.
const hostSocket = "/var/run/docker.sock"

// runnerConfigFile is gitea-runner's configuration, in its container.
const runnerConfigFile = "/opt/gitops-pipeline/config.yaml"

// runnerProgram registers the runner, starts it and watches it.
const runnerProgram = "/usr/local/bin/runner-supervisor"

// metricsPort is where gitea-runner serves its metrics, to its own container alone.
const metricsPort = "9101"

// jobEngineShares is the CPU weight of a job engine's container, which counts when all cores
// are in use; every other container has 1024.
const jobEngineShares = 256

// Runner is a Gitea Actions runner with, by default, a job engine of its own.
type Runner struct {
	pulumi.ResourceState
}

// RunnerArgs are the inputs of a Runner.
type RunnerArgs struct {
	Config     config.Config
	Forge      *Forge
	Repository *Repository
	Images     images.Images
	Root       string // of the checkout
	Inherited  Inherited
}

// NewRunner declares a Runner.
func NewRunner(ctx *pulumi.Context, name string, args *RunnerArgs, opts ...pulumi.ResourceOption) (*Runner, error) {
	r := &Runner{}
	if err := ctx.RegisterComponentResourceV2("gitops-pipeline:index:Runner", name, nil, r, opts...); err != nil {
		return nil, err
	}
	data, err := newVolume(ctx, name+"-data", r, naming.RunnerData, name)
	if err != nil {
		return nil, err
	}
	env := []string{
		"CONFIG_FILE=" + runnerConfigFile,
		"GITEA_INSTANCE_URL=" + args.Config.URL(),
		"GITEA_RUNNER_NAME=" + ctx.Stack() + "-" + name,
		"GITEA_RUNNER_REGISTRATION_TOKEN_FILE=" + runnerTokenFile,
		"METRICS_PORT=" + metricsPort,
		fmt.Sprintf("EPHEMERAL=%t", args.Config.Runner.Ephemeral),
		fmt.Sprintf("ENGINE_PER_JOB=%t", args.Config.Runner.Fresh()),
	}
	env = append(env, forward(args.Config)...)
	env = append(env, proxyEnvironment(args.Config)...)
	env = append(env, timezone(args.Config)...)
	certificates, trusting := args.Inherited.trust()
	env = append(env, trusting...)
	runner := &docker.ContainerArgs{
		Image:       pulumi.String(args.Images.Runner),
		Labels:      append(containerLabels(ctx, naming.Runner, name), checkoutLabel(args.Root)),
		Restart:     pulumi.String(restart),
		StopSignal:  pulumi.String("SIGKILL"), // see docs/adr/0009-kill-a-runner.md
		Init:        pulumi.Bool(true),
		Entrypoints: pulumi.ToStringArray([]string{runnerProgram}),
		// Its own network, not its job engine's: Docker gives up starting a container
		// that joins the network of a container that is down at that moment.
		NetworksAdvanced: docker.ContainerNetworksAdvancedArray{docker.ContainerNetworksAdvancedArgs{
			Name: args.Forge.Network,
		}},
		Volumes: docker.ContainerVolumeArray{
			docker.ContainerVolumeArgs{VolumeName: data.Name, ContainerPath: pulumi.String("/data")},
		},
		DestroyGraceSeconds: pulumi.Int(5),
	}
	// The runner registers with the forge and takes a queued job at once, so it depends on
	// the forge and on all that a job reads.
	needed := append([]pulumi.Resource{args.Forge.Container}, args.Repository.Read...)
	socket := jobEngineSocket
	if args.Config.Runner.Engine == config.EngineHost {
		socket = hostSocket
		runner.Volumes = append(runner.Volumes.(docker.ContainerVolumeArray), docker.ContainerVolumeArgs{
			HostPath: pulumi.String(hostSocket), ContainerPath: pulumi.String(hostSocket),
		})
	} else {
		run, jobEngine, err := r.newJobEngine(ctx, name, args)
		if err != nil {
			return nil, err
		}
		env = append(env, "JOB_ENGINE=unix://"+jobEngineSocket)
		if args.Config.Runner.Fresh() {
			socket = proxySocket
			env = append(env, "ENGINE_SOCKET="+proxySocket)
		}
		needed = append(needed, jobEngine)
		runner.Volumes = append(runner.Volumes.(docker.ContainerVolumeArray), docker.ContainerVolumeArgs{
			VolumeName: run.Name, ContainerPath: pulumi.String(jobEngineRun),
		})
	}
	runner.Envs = pulumi.ToStringArray(env)
	// A runner looks for the forge in its own container, where its proxy is.
	if hosts := resolves(args.Config, args.Config.RunnerAddress()); hosts != nil {
		runner.Hosts = hosts
	}
	settings, err := runnerConfig(args.Config, args.Images.Job, socket)
	if err != nil {
		return nil, err
	}
	runner.Uploads = append(certificates,
		upload(runnerConfigFile, pulumi.String(settings), "0444"),
		upload(runnerTokenFile, args.Forge.RegistrationToken, "0400"))
	if _, err := docker.NewContainer(ctx, name+"-container", runner, pulumi.Parent(r),
		pulumi.DependsOn(needed), pulumi.DeleteBeforeReplace(true)); err != nil {
		return nil, err
	}
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{})
}

// newJobEngine declares the job engine that the runner's jobs run on. Jobs on the Docker
// host itself could reach everything.
func (r *Runner) newJobEngine(ctx *pulumi.Context, runner string, args *RunnerArgs) (*docker.Volume, *docker.Container, error) {
	name := runner + "-engine"
	data, err := newVolume(ctx, name+"-data", r, naming.JobEngineData, runner)
	if err != nil {
		return nil, nil, err
	}
	run, err := newVolume(ctx, name+"-run", r, naming.JobEngineControl, runner)
	if err != nil {
		return nil, nil, err
	}
	cfg := args.Config
	reach, err := jobEngineReach(cfg)
	if err != nil {
		return nil, nil, err
	}
	certificates, _ := args.Inherited.trust()
	jobEngine := &docker.ContainerArgs{
		Image:   pulumi.String(args.Images.JobEngine),
		Labels:  containerLabels(ctx, naming.JobEngine, runner),
		Restart: pulumi.String(restart),
		// As the runner: a job that ends with its job engine must not be reported as a success.
		StopSignal: pulumi.String("SIGKILL"),
		Capabilities: docker.ContainerCapabilitiesArgs{
			Adds: pulumi.ToStringArray(images.JobEngineCapabilities), Drops: pulumi.ToStringArray([]string{"ALL"}),
		},
		SecurityOpts: pulumi.ToStringArray(images.JobEngineSecurity),
		CpuShares:    pulumi.Int(jobEngineShares),
		Envs: pulumi.ToStringArray(slices.Concat([]string{
			fmt.Sprintf("DISK_RESERVE=%d", cfg.Runner.DiskReserve),
			fmt.Sprintf("FORGE=%s:%d", forgeAlias, cfg.HTTPPort),
			"FORGE_PORTS=" + forgePorts(cfg),
			"FORGE_NAME=" + cfg.Host,
			"NETWORK=" + cfg.Runner.Network,
			fmt.Sprintf("PROCESS_LIMIT=%d", cfg.Runner.Processes),
		}, jobEngineProxy(cfg), reach)),
		Uploads: certificates,
		NetworksAdvanced: docker.ContainerNetworksAdvancedArray{docker.ContainerNetworksAdvancedArgs{
			Name: args.Forge.Network,
		}},
		Volumes: docker.ContainerVolumeArray{
			docker.ContainerVolumeArgs{VolumeName: data.Name, ContainerPath: pulumi.String(jobEngineData)},
			docker.ContainerVolumeArgs{VolumeName: run.Name, ContainerPath: pulumi.String(jobEngineRun)},
		},
		Wait:                pulumi.Bool(true),
		WaitTimeout:         pulumi.Int(120),
		DestroyGraceSeconds: pulumi.Int(10),
	}
	// No name server knows a name such as forge.localhost.
	if hosts := resolves(cfg, cfg.LoopbackAddress()); hosts != nil {
		jobEngine.Hosts = hosts
	}
	applyLimits(cfg.Runner.Limits, jobEngine)
	container, err := docker.NewContainer(ctx, name, jobEngine, pulumi.Parent(r), pulumi.DeleteBeforeReplace(true))
	return run, container, err
}

// forward has the runner's proxy of the forge listen at the forge's address, in the runner's
// own container.
func forward(cfg config.Config) []string {
	address := cfg.RunnerAddress()
	if address == "" {
		return nil
	}
	port := strconv.Itoa(cfg.HTTPPort)
	env := []string{"FORWARD=" + net.JoinHostPort(address, port) + "=" + net.JoinHostPort(forgeAlias, port)}
	if cfg.CacheURL() != "" {
		env = append(env, "FORGE_SERVICE="+forgeService)
	}
	return env
}

// forgePorts are the ports of the forge's address, beside the one for HTTP, that jobs reach.
func forgePorts(cfg config.Config) string {
	ports := fmt.Sprintf("%d=%s:%d", cfg.SSHPort, forgeAlias, forgeSSHPort)
	if cfg.CacheURL() != "" {
		ports += fmt.Sprintf(",%d=%s:%d", config.CachePort, forgeAlias, config.CachePort)
	}
	return ports
}

// resolves lets a container resolve the forge's name to an address; nil if the name needs no
// entry. Docker writes localhost itself, and an address is no name.
func resolves(cfg config.Config, address string) docker.ContainerHostArray {
	if address == "" || strings.EqualFold(cfg.Host, "localhost") || net.ParseIP(cfg.Host) != nil {
		return nil
	}
	return docker.ContainerHostArray{docker.ContainerHostArgs{Host: pulumi.String(cfg.Host), Ip: pulumi.String(address)}}
}

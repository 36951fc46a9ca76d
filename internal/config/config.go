// Package config reads, validates and saves the configuration of a stack.
package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	units "github.com/docker/go-units"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/provider"
)

// Config is the whole configuration of a stack.
type Config struct {
	HTTPPort    int    // httpPort: the forge's port, on the host and in URLs
	SSHPort     int    // sshPort: Git over SSH
	BindAddress string // bindAddress: the host's address that both ports are bound to
	Host        string // host: the name in URLs
	Images      ImageSource
	Runner      RunnerConfig
	Proxy       Proxy
	Forge       Limits
	Frontend    bool     // forge.frontend: whether the forge's pages have styles and scripts, where it is built from source
	Bundled     bool     // actions.bundled: whether the forge has the actions that npm is needed to build
	CacheSize   int64    // actions.cacheSize: bytes of what all workflows cache
	Mirrors     []Mirror // actions.mirror
	Retention   Retention
	ModulesSize int64 // actions.modulesSize: bytes of the mirror of Go modules; 0 for no mirror
	// ForgeSettings are other settings of Gitea (forge.settings): section.KEY and its value.
	ForgeSettings map[string]string
	// EncryptedSettings are more of them, whose values are still encrypted: see Decrypt.
	EncryptedSettings map[string]string
	// SecretSettings says that the forge must get all of ForgeSettings as secrets. Pulumi
	// tells a program only that the map contains a secret, not which value it is.
	SecretSettings bool
	Timezone       string // timezone: of the forge and of jobs; "" for UTC
	Owner          string // repository.owner: an ordinary user
	Repository     string // repository.name
	Seed           bool   // seed: push this checkout into the new repository
}

// RunnerConfig describes the runners.
type RunnerConfig struct {
	Count       int               // runner.count: how many, each with its own job engine
	Engine      string            // runner.engine: own (a job engine), or host (the Docker host)
	Capacity    int               // runner.capacity: jobs at once on each
	Ephemeral   bool              // runner.ephemeral: a credential and a job engine for each job, and a standby
	Network     string            // runner.network: what jobs reach beside the forge
	Limits      Limits            // runner.memory, runner.cpus: of each job engine, jobs included
	Processes   int               // runner.processes: at most, in each job engine
	Labels      map[string]string // runner.labels: further labels, and each one's image
	DiskReserve int64             // runner.diskReserve: bytes that jobs must leave free on the disk

	Certificates string            // runner.certificates: host, none, or a file; see package inherit
	Env          map[string]string // runner.env: variables of jobs; an empty value keeps this machine's from them
	Images       []string          // runner.images: that job engines have, besides the job image
	Allow        []string          // runner.allow: networks with ports, such as 10.0.0.0/8:443
}

// Fresh tells whether each job gets a job engine that has run no other job.
func (r RunnerConfig) Fresh() bool { return r.Engine == EngineOwn && r.Capacity == 1 }

// Containers returns the number of runners. Each ephemeral runner has a standby,
// which takes jobs while the other registers again.
func (r RunnerConfig) Containers() int {
	if r.Ephemeral {
		return 2 * r.Count
	}
	return r.Count
}

// ImageSource says where images come from.
type ImageSource string

// The values of images.
const (
	ImagesAuto       ImageSource = "auto"     // chosen by what is available
	ImagesOfficial   ImageSource = "official" // built on the released images, by exact tag
	ImagesFromSource ImageSource = "source"   // built from Go modules and Debian packages
)

// Limits are the limits of a container; a zero value means no limit.
type Limits struct {
	MemoryMiB int
	CPUs      string // such as 1.5
}

// The values of runner.engine.
const (
	EngineOwn  = "own"
	EngineHost = "host"
)

// The values of runner.network.
const (
	NetworkInternet = "internet" // public addresses
	NetworkAll      = "all"      // and the host's own, and those of its networks
	NetworkForge    = "forge"    // nothing but the forge
)

// Retention is how long the forge keeps what workflows make.
type Retention struct {
	Images    int // retention.images: of each image, how many that a commit's hash names; 0 for all
	Logs      int // retention.logs: days of the logs of jobs
	Artifacts int // retention.artifacts: days of artifacts, unless the workflow says less
}

// AdminUser administers the forge.
const AdminUser = "forge-admin"

// ActionsOrganization owns the repositories of the actions that workflows use.
const ActionsOrganization = "actions"

// Parse reads a stack's configuration and reports every problem at once. The keys
// of values carry the project's namespace; other namespaces belong to Pulumi or to
// a plugin, and are ignored. secret are the keys whose values Pulumi has decrypted.
func Parse(values map[string]string, secret ...string) (Config, error) {
	r := reader{values: map[string]string{}, known: map[string]bool{}}
	for key, v := range values {
		if name, ok := strings.CutPrefix(key, naming.Project+":"); ok {
			r.values[name] = v
		}
	}
	c := Config{
		HTTPPort:    r.number("httpPort", 3000, 1, 65535),
		SSHPort:     r.number("sshPort", 2222, 1, 65535),
		BindAddress: r.text("bindAddress", "127.0.0.1"),
		Host:        strings.ToLower(r.text("host", "localhost")),
		Images:      ImageSource(r.choice("images", string(ImagesAuto), string(ImagesAuto), string(ImagesOfficial), string(ImagesFromSource))),
		Runner: RunnerConfig{
			Count:       r.number("runner.count", 1, 1, 20),
			Engine:      r.choice("runner.engine", EngineOwn, EngineOwn, EngineHost),
			Capacity:    r.number("runner.capacity", 1, 1, 64),
			Ephemeral:   r.boolean("runner.ephemeral", false),
			Network:     r.choice("runner.network", NetworkInternet, NetworkInternet, NetworkAll, NetworkForge),
			Limits:      r.limits("runner", "4g"),
			Processes:   r.number("runner.processes", 4096, 256, 1_000_000),
			Labels:      r.labels(),
			DiskReserve: r.size("runner.diskReserve", "2g", 64<<20),
		},
		Forge:       r.limits("forge", ""),
		Frontend:    r.boolean("forge.frontend", true),
		Bundled:     r.boolean("actions.bundled", true),
		CacheSize:   r.size("actions.cacheSize", "5g", 64<<20),
		ModulesSize: r.sizeOrNone("actions.modulesSize", "2g", 64<<20),
		Retention: Retention{
			Images:    r.number("retention.images", 30, 0, 1_000_000),
			Logs:      r.number("retention.logs", 365, 1, 100_000),
			Artifacts: r.number("retention.artifacts", 90, 1, 100_000),
		},
		Owner:      r.text("repository.owner", "gitops"),
		Repository: r.text("repository.name", "gitops-pipeline"),
		Seed:       r.boolean("seed", true),
	}
	if c.HTTPPort == c.SSHPort {
		r.fail("sshPort", "is %d, as is httpPort; give each a port of its own", c.SSHPort)
	}
	for key, port := range map[string]int{"httpPort": c.HTTPPort, "sshPort": c.SSHPort} {
		if port == CachePort {
			r.fail(key, "is %d, where jobs reach the cache of workflows; choose another port", port)
		}
	}
	if c.Runner.Ephemeral && !c.Runner.Fresh() {
		r.fail("runner.ephemeral", "needs runner.engine=%s and runner.capacity=1, so that nothing of a job survives it", EngineOwn)
	}
	c.SecretSettings = slices.Contains(secret, naming.Project+":"+settingsKey)
	r.settings(&c)
	c.Timezone = r.timezone()
	c.Runner.Images = r.images(c.Runner)
	c.Mirrors = r.mirrors(c.Owner)
	c.Runner.Certificates = r.certificates()
	c.Runner.Env = r.variables()
	if slices.Contains(secret, naming.Project+":"+envKey) {
		r.fail(envKey, "has an encrypted value, which every job and `docker inspect` would show; remove it, and make it an Actions secret of the repositories that need it")
	}
	c.Runner.Allow = r.allow(c.Runner.Network)
	c.Proxy = r.proxy(c.Runner.Network)
	c.checkAddresses(&r)
	if p := provider.OwnerNameProblem(c.Owner); p != "" {
		r.fail("repository.owner", "%s", p)
	} else if slices.Contains([]string{AdminUser, ActionsOrganization}, strings.ToLower(c.Owner)) {
		r.fail("repository.owner", "%q is a name that the pipeline itself uses; choose another", c.Owner)
	}
	if p := provider.RepositoryNameProblem(c.Repository); p != "" {
		r.fail("repository.name", "%s", p)
	}
	for name := range r.values {
		of, _, isEntry := entryOf(name)
		if name == "forge" { // what pulumi writes for forge.settings with --path, not in quotes
			of, isEntry = settingsKey, true
		}
		if isEntry {
			r.fail(name, "is no key of this project; to change one entry of %[1]s, run: pulumi config set --path '[\"%[1]s\"][\"%[2]s\"]' <value>, or pipeline up -c %[1]s.%[2]s=<value>", of, mapKeys[of])
		} else if !r.known[name] {
			r.fail(name, "is no key of this project; the keys are %s", strings.Join(r.names(), ", "))
		}
	}
	slices.SortFunc(r.errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return c, errors.Join(r.errs...)
}

// reader reads typed values and collects the problems.
type reader struct {
	values map[string]string
	known  map[string]bool
	errs   []error
}

func (r *reader) fail(name, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("configuration: %s:%s %s", naming.Project, name, fmt.Sprintf(format, args...)))
}

func (r *reader) names() []string {
	names := make([]string, 0, len(r.known))
	for n := range r.known {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func (r *reader) text(name, fallback string) string {
	r.known[name] = true
	if v, ok := r.values[name]; ok {
		return v
	}
	return fallback
}

func (r *reader) number(name string, fallback, low, high int) int {
	v := r.text(name, strconv.Itoa(fallback))
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		r.fail(name, "is %q; set it to a whole number from %d to %d", v, low, high)
		return fallback
	}
	return n
}

func (r *reader) boolean(name string, fallback bool) bool {
	switch v := r.text(name, strconv.FormatBool(fallback)); v {
	case "true":
		return true
	case "false":
		return false
	default:
		r.fail(name, "is %q; set it to true or false", v)
		return fallback
	}
}

func (r *reader) choice(name, fallback string, choices ...string) string {
	v := r.text(name, fallback)
	if !slices.Contains(choices, v) {
		r.fail(name, "is %q; set it to one of %s", v, strings.Join(choices, ", "))
		return fallback
	}
	return v
}

// limits reads NAME.memory (64m or more, such as 512m or 2g) and NAME.cpus.
func (r *reader) limits(name, memory string) Limits {
	var l Limits
	if r.text(name+".memory", memory) != "" {
		l.MemoryMiB = int(r.size(name+".memory", memory, 64<<20) >> 20)
	}
	if l.CPUs = r.text(name+".cpus", ""); l.CPUs != "" {
		if f, err := strconv.ParseFloat(l.CPUs, 64); err != nil || f < 0.01 || f > 1024 {
			r.fail(name+".cpus", "is %q; set it to a number of cores such as 1.5", l.CPUs)
		}
	}
	return l
}

// sizeOrNone is size, and 0 for none.
func (r *reader) sizeOrNone(name, fallback string, least int64) int64 {
	if r.text(name, fallback) == "0" {
		return 0
	}
	return r.size(name, fallback, least)
}

// size reads a number of bytes, such as 512m or 2g.
func (r *reader) size(name, fallback string, least int64) int64 {
	v := r.text(name, fallback)
	n, err := units.RAMInBytes(v)
	if err != nil || n < least {
		r.fail(name, "is %q; set it to a size of at least %dm, such as 512m or 2g", v, least>>20)
	}
	return n
}

package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/inherit"
)

// certificatesDir has the certificates that jobs trust besides those of their images, in the
// containers of a job engine and of a runner.
const certificatesDir = "/opt/gitops-pipeline/certificates"

// Inherited is what jobs get from the machine that the program runs on.
type Inherited struct {
	Certificates string            // in PEM form; "" for none
	Environment  map[string]string // variables
	Modules      inherit.Modules   // where jobs get Go's modules
}

// readInherited reads what the configuration leaves to this machine.
func readInherited(ctx context.Context, cfg config.Config) (Inherited, error) {
	certificates, err := inherit.ReadCertificates(cfg.Runner.Certificates)
	if err != nil {
		return Inherited{}, err
	}
	variables := inherit.ReadMirrors(ctx).Environment
	return Inherited{certificates.PEM, variables, inherit.ReadModules(ctx, cfg.Runner.JobVariables(variables))}, nil
}

// trust are the files and variables by which a container trusts the certificates. Go reads
// all files of the directory, besides the certificates of the image.
func (i Inherited) trust() (docker.ContainerUploadArray, []string) {
	if i.Certificates == "" {
		return nil, nil
	}
	return docker.ContainerUploadArray{upload(certificatesDir+"/stack.pem", pulumi.String(i.Certificates), "0444")},
		[]string{"SSL_CERT_DIR=" + certificatesDir}
}

// jobEngineReach is what a job engine is told of what its jobs reach and get.
func jobEngineReach(cfg config.Config) ([]string, error) {
	var env []string
	if len(cfg.Runner.Allow) > 0 {
		env = append(env, "ALLOW="+strings.Join(cfg.Runner.Allow, ","))
	}
	if variables := jobEnvironment(cfg); len(variables) > 0 {
		text, err := json.Marshal(variables)
		if err != nil {
			return nil, err
		}
		env = append(env, "CONTAINERS="+string(text))
	}
	return env, nil
}

// moduleMirror is what the forge's container is told of the proxies of modules that it mirrors, and
// the GOPROXY of jobs, or "" if it stays as it is. They ask the mirror first. Where it does not
// answer, Go goes on to the proxies themselves.
func (i Inherited) moduleMirror(cfg config.Config) (forge []string, goproxy string) {
	if cfg.ModulesSize == 0 || i.Modules.Proxies == "" {
		return []string{"MODULES_SIZE=0"}, ""
	}
	if url := cfg.ModulesURL(); url != "" {
		goproxy = url + "|" + i.Modules.List
	}
	// They do not depend on the runners' settings: a change of those leaves the forge alone.
	return []string{
		fmt.Sprintf("MODULES_SIZE=%d", cfg.ModulesSize),
		"MODULES_PROXIES=" + i.Modules.Proxies,
		"MODULES_SUMDB=" + i.Modules.SumDB,
		"MODULES_NO_SUMDB=" + i.Modules.NoSumDB,
	}, goproxy
}

// Package naming holds the names that several packages share: the project's,
// the labels of Docker objects, and the names of objects that outlive a stack.
package naming

import "strings"

// Project is the Pulumi project's name and the namespace of its configuration.
const Project = "gitops-pipeline"

// The labels of Docker objects. Nothing without StackLabel is ever removed.
const (
	StackLabel    = "gitops-pipeline.stack"    // on every object of a stack; its value is the stack's name
	RoleLabel     = "gitops-pipeline.role"     // on every object of a stack; its value is a Role
	RunnerLabel   = "gitops-pipeline.runner"   // on what belongs to one runner; its value is the runner's logical name, such as runner-0
	CheckoutLabel = "gitops-pipeline.checkout" // on runners; its value says which checkout created them
	ArtifactLabel = "gitops-pipeline.artifact" // on images that this project built; its value is the image's name
)

// Role is the purpose of a container, network or volume of a stack.
type Role string

// The roles. Forge, Runner and JobEngine are containers; Network is the one
// network of a stack; the others are volumes.
const (
	Forge            Role = "forge"
	Runner           Role = "runner"
	JobEngine        Role = "job-engine"
	Network          Role = "network"
	ForgeData        Role = "forge-data"
	ForgeConfig      Role = "forge-config"
	ForgeCache       Role = "forge-cache" // what workflows cache
	RunnerData       Role = "runner-data"
	JobEngineData    Role = "job-engine-data"    // the job engine's images and containers: a cache
	JobEngineControl Role = "job-engine-control" // sockets that a runner and its job engine share
)

// Kept tells whether a backup contains the volumes of this role.
func (r Role) Kept() bool { return r != ForgeCache && r != JobEngineData && r != JobEngineControl }

// Labels returns the labels of an object of a stack. runner is empty for an object that
// belongs to no single runner.
func Labels(stack string, role Role, runner string) map[string]string {
	labels := map[string]string{StackLabel: stack, RoleLabel: string(role)}
	if runner != "" {
		labels[RunnerLabel] = runner
	}
	return labels
}

// Physical returns the name in Docker of an object that outlives the stack.
func Physical(stack, object string) string { return Project + "-" + stack + "-" + object }

// ServiceImage returns the name of the local image of a stack's service. Image names allow
// less than Pulumi's stack names: lower case and single separators. Two stacks with the same
// result still have different images, because the hash covers the label with the stack's
// name.
func ServiceImage(stack, hash string) string {
	words := strings.FieldsFunc(strings.ToLower(stack), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	return strings.Join(append([]string{Project}, words...), "-") + "/service:" + hash
}

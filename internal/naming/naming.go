// Package naming holds the names that several packages share: the project's,
// the labels of Docker objects, and the names of objects that outlive a stack.
package naming

// Project is the Pulumi project's name and the namespace of its configuration.
const Project = "gitops-pipeline"

// The labels of Docker objects. Nothing without StackLabel is ever removed.
const (
	StackLabel    = "gitops-pipeline.stack" // on every object of a stack; its value is the stack's name
	RoleLabel     = "gitops-pipeline.role"  // on every object of a stack; its value is a Role
	ArtifactLabel = "gitops-pipeline.part"  // on images that this project built; its value is the image's name
)

// Role says what a container, network or volume is for.
type Role string

// The roles.
const (
	Forge            Role = "forge"              // container, and network of the stack
	ForgeData        Role = "forge-data"         // volume
	ForgeConfig      Role = "forge-config"       // volume
	Runner           Role = "runner"             // container
	RunnerData       Role = "runner-data"        // volume
	JobEngine        Role = "job-engine"         // container
	JobEngineData    Role = "job-engine-data"    // volume
	JobEngineControl Role = "job-engine-control" // volume that a runner and its job engine share
)

// Physical is the name in Docker of an object that outlives the stack.
func Physical(stack, object string) string { return Project + "-" + stack + "-" + object }

// Package control is how a runner and its job engine talk to each other: HTTP over a
// Unix socket in a directory that jobs cannot reach, with two
// verbs for the runner.
//
// POST /acquire waits until there is a job engine that no job has used, marks it as
// used, and returns. A job engine that is in use already is discarded first: its runner
// was killed. It is cancelled when the client closes the connection.
//
// POST /release says that the job has ended. The job engine is discarded and the next
// one prepared; the answer comes as soon as that is recorded.
//
// POST /probe?url=URL has the job engine ask for a URL of the forge as its jobs do. It is
// for who checks the stack, in the job engine's container.
package control

// Socket is where the control socket is, in the runner's container as in the job engine's.
const Socket = "/run/engine/control/control.sock"

const (
	acquirePath = "/acquire"
	releasePath = "/release"
	probePath   = "/probe"
)

// Package control is the protocol between a runner and its job engine: HTTP over a Unix
// socket in a directory that jobs cannot reach. The runner uses two verbs.
//
// POST /acquire waits for a job engine that no job has used, marks it as used, and returns.
// If a job engine is already in use, its runner was killed, and the job engine is discarded
// first. The request is cancelled when the client closes the connection.
//
// POST /release reports the end of the job. The answer comes as soon as that is recorded;
// then the job engine is discarded and the next one is prepared.
//
// POST /probe?url=URL requests a URL of the forge from inside the job engine, as its jobs
// do. `pipeline up` and `pipeline doctor` use it, in the job engine's container.
package control

// Socket is the path of the control socket, in both containers.
const Socket = "/run/engine/control/control.sock"

const (
	acquirePath = "/acquire"
	releasePath = "/release"
	probePath   = "/probe"
)

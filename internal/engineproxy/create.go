package engineproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// object is a JSON object. What is not changed in it stays as it was written.
type object map[string]json.RawMessage

// read decodes one value of the object into v, and tells whether it is there and fits.
func (o object) read(key string, v any) bool {
	return len(o[key]) > 0 && json.Unmarshal(o[key], v) == nil
}

func (o object) write(key string, v any) error {
	text, err := json.Marshal(v)
	o[key] = text
	return err
}

// change changes a request that creates a container. One that needs no change, or that
// only the engine can judge, stays as it is.
func (p Proxy) change(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("reading the request to create a container: %w", err)
	}
	if body, err = p.changed(r.Context(), body); err != nil {
		return err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return nil
}

func (p Proxy) changed(ctx context.Context, body []byte) ([]byte, error) {
	var create, host object
	if json.Unmarshal(body, &create) != nil || !create.read("HostConfig", &host) {
		return body, nil
	}
	mounted, err := p.mounts(host)
	if err != nil {
		return nil, err
	}
	networked, err := p.network(ctx, create, host)
	if err != nil {
		return nil, err
	}
	if !mounted && !networked {
		return body, nil
	}
	if err := create.write("HostConfig", host); err != nil {
		return nil, err
	}
	return json.Marshal(create)
}

// mounts has the job talk to the engine itself, and have its working directory under the
// same path on the job engine: a container that the job starts can mount it. A bind and
// not a mount of that type, which would need the directory to be there.
func (p Proxy) mounts(host object) (changed bool, err error) {
	var binds []string
	host.read("Binds", &binds)
	for i, bind := range binds {
		if target, ok := strings.CutPrefix(bind, p.Socket+":"); ok {
			binds[i], changed = p.Engine+":"+target, true
		}
	}
	var all []object
	host.read("Mounts", &all)
	kept := slices.DeleteFunc(all, func(mount object) bool {
		var kind, target string
		mount.read("Type", &kind)
		mount.read("Target", &target)
		if kind != "volume" || !strings.HasPrefix(target, workspace+"/") {
			return false
		}
		binds, changed = append(binds, target+":"+target), true
		return true
	})
	if !changed {
		return false, nil
	}
	if err := host.write("Binds", binds); err != nil {
		return false, err
	}
	if _, there := host["Mounts"]; there {
		err = host.write("Mounts", kept)
	}
	return true, err
}

// network gives the job the engine's own network, where ports are that containers publish,
// and the names of its services. The services have a network among themselves, which is
// created for the first of them.
func (p Proxy) network(ctx context.Context, create, host object) (changed bool, err error) {
	var mode string
	if host.read("NetworkMode", &mode); mode != Network {
		return false, nil // such as the network of the job's container, for an action in a container
	}
	engine, err := connect(p.Engine)
	if err != nil {
		return false, err
	}
	defer engine.Close()
	if !isJob(create) {
		return false, engine.makeNetwork(ctx)
	}
	services, err := engine.services(ctx)
	if err != nil {
		return false, err
	}
	var hosts []string
	host.read("ExtraHosts", &hosts)
	delete(create, "NetworkingConfig") // the name of the job in its network
	if len(services) > 0 {
		err = host.write("ExtraHosts", append(hosts, services...))
	}
	if err == nil {
		err = host.write("NetworkMode", "host")
	}
	return true, err
}

// isJob tells a job's own container from those of its services: it sleeps, and
// gitea-runner executes the steps in it.
func isJob(create object) bool {
	var entrypoint, env []string
	create.read("Entrypoint", &entrypoint)
	create.read("Env", &env)
	return len(entrypoint) > 0 && entrypoint[0] == "/bin/sleep" &&
		slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "RUNNER_TOOL_CACHE=") })
}

package dockerhost

import (
	"context"
	"errors"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// removal is a Docker host that answers a removal with an error.
type removal struct {
	client.ContainerAPIClient
	answer, wait error
	waited       bool
}

func (r *removal) ContainerRemove(context.Context, string, container.RemoveOptions) error {
	return r.answer
}

func (r *removal) ContainerWait(context.Context, string, container.WaitCondition) (<-chan container.WaitResponse, <-chan error) {
	r.waited = true
	gone, failed := make(chan container.WaitResponse, 1), make(chan error, 1)
	if r.wait != nil {
		failed <- r.wait
	} else {
		gone <- container.WaitResponse{}
	}
	return gone, failed
}

func TestRemoveContainer(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is broken")
	for name, test := range map[string]struct {
		host   removal
		waited bool
		want   error
	}{
		"removed":                         {removal{}, false, nil},
		"gone":                            {removal{answer: errdefs.ErrNotFound}, false, nil},
		"being removed":                   {removal{answer: errdefs.ErrConflict}, true, nil},
		"being removed, gone before wait": {removal{answer: errdefs.ErrConflict, wait: errdefs.ErrNotFound}, true, nil},
		"being removed, and it fails":     {removal{answer: errdefs.ErrConflict, wait: broken}, true, broken},
		"cannot be removed":               {removal{answer: broken}, false, broken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := RemoveContainer(t.Context(), &test.host, "abc")
			if !errors.Is(err, test.want) || test.want == nil && err != nil || test.host.waited != test.waited {
				t.Errorf("got %v, waited %t; want %v, %t", err, test.host.waited, test.want, test.waited)
			}
		})
	}
}

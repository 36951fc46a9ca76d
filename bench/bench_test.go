package main

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		rows []int
		ok   bool
	}{
		"all":     {nil, []int{1, 2, 5, 9, 8, 3, 4, 6, 10, 7}, true},
		"some":    {[]string{"-short", "-rows", "1, 2,5"}, []int{1, 2, 5}, true},
		"unknown": {[]string{"-rows", "11"}, nil, false},
		"words":   {[]string{"-rows", "one"}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := parse(tt.args)
			if (err == nil) != tt.ok || tt.ok && !slices.Equal(o.rows, tt.rows) {
				t.Errorf("got %v, %v; want %v, ok %v", o.rows, err, tt.rows, tt.ok)
			}
		})
	}
}

func TestParseCgroup(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text    string
		unified bool
		want    cgroup
		ok      bool
	}{
		"version 1": {
			"9:name=systemd:/docker/a\n4:memory:/docker/a\n2:cpuacct:/docker/a\n1:cpu:/docker/a\n0::/\n", false,
			cgroup{"/sys/fs/cgroup/cpuacct/docker/a", "/sys/fs/cgroup/memory/docker/a"}, true,
		},
		"controllers together": {
			"4:memory:/docker/a\n2:cpu,cpuacct:/docker/a\n", false,
			cgroup{"/sys/fs/cgroup/cpu,cpuacct/docker/a", "/sys/fs/cgroup/memory/docker/a"}, true,
		},
		"version 2": {
			"0::/system.slice/docker-a.scope\n", true,
			cgroup{"/sys/fs/cgroup/system.slice/docker-a.scope", "/sys/fs/cgroup/system.slice/docker-a.scope"}, true,
		},
		"nothing": {"0::/\n", false, cgroup{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseCgroup(tt.text, tt.unified)
			if (err == nil) != tt.ok || got != tt.want {
				t.Errorf("got %+v, %v; want %+v, ok %v", got, err, tt.want, tt.ok)
			}
		})
	}
}

func TestParseCall(t *testing.T) {
	t.Parallel()
	c, err := parseCall("/src\x00CGO_ENABLED=0\x00GOFLAGS=\x00go\x00build\x00-o\x00/cache/tool\x00.\x00")
	if err != nil {
		t.Fatal(err)
	}
	if c.dir != "/src" || !slices.Equal(c.env, []string{"CGO_ENABLED=0", "GOFLAGS="}) {
		t.Errorf("got folder %q and environment %q", c.dir, c.env)
	}
	if got, want := c.redirected("/out"), []string{"go", "build", "-o", "/out", "."}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	debian := call{args: []string{"mmdebstrap", "--quiet", "bookworm", "/cache/rootfs.tar"}}
	if got, want := debian.redirected("/out"), []string{"mmdebstrap", "--quiet", "bookworm", "/out"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := parseCall("/src\x00"); err == nil {
		t.Error("got no error of a note without a program")
	}
}

func TestUpdated(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"  33 changes (14.2s)":        true,
		"  nothing to change (2.1s)":  true,
		"  ok        13 checks":       false,
		"  created   forge-container": false,
	} {
		if got := updated.MatchString(line); got != want {
			t.Errorf("%q: got %v, want %v", line, got, want)
		}
	}
}

func TestRename(t *testing.T) {
	t.Parallel()
	config, err := json.Marshal(settings{
		Config:     &container.Config{Env: []string{"FORGE=forge:41000"}, Labels: map[string]string{"gitops-pipeline.stack": "bench-a"}},
		HostConfig: &container.HostConfig{Binds: []string{"gitops-pipeline-bench-a-data:/data"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &blueprint{name: "bench-a", http: 41000, ssh: 41001}
	p.plans = map[string]plan{runnerRole: {json: config, files: []file{{header: tar.Header{Name: "x/config.yaml", Mode: 0o444, Size: 5}, data: []byte("41000")}}}}
	next, err := p.rename()
	if err != nil {
		t.Fatal(err)
	}
	s, err := next.plans[runnerRole].settings()
	if err != nil {
		t.Fatal(err)
	}
	if next.name == p.name || s.Config.Labels["gitops-pipeline.stack"] != next.name || s.HostConfig.Binds[0] != "gitops-pipeline-"+next.name+"-data:/data" {
		t.Errorf("got %s with labels %v and binds %v", next.name, s.Config.Labels, s.HostConfig.Binds)
	}
	if next.http == p.http {
		t.Errorf("got port %d, want another one", next.http)
	}
	archive, err := next.plans[runnerRole].archive()
	if err != nil {
		t.Fatal(err)
	}
	files := tar.NewReader(archive)
	header, err := files.Next()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(files)
	if err != nil {
		t.Fatal(err)
	}
	if header.Mode != 0o444 || string(data) != next.plans[runnerRole].content("config.yaml") || string(data) == "41000" {
		t.Errorf("got file %q with mode %o", data, header.Mode)
	}
}

func TestPoll(t *testing.T) {
	t.Parallel()
	n := 0
	if err := poll(t.Context(), time.Millisecond, time.Second, "three", func() (bool, error) { n++; return n == 3, nil }); err != nil || n != 3 {
		t.Errorf("got %v after %d times, want nil after 3", err, n)
	}
	broken := errors.New("broken")
	if err := poll(t.Context(), time.Millisecond, time.Second, "an end", func() (bool, error) { return true, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v of a bad end, want its error", err)
	}
	if err := poll(t.Context(), time.Millisecond, 5*time.Millisecond, "nothing", func() (bool, error) { return false, nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the limit", err)
	}
}

func TestAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		b    bench
		i    int
		want bool
	}{
		"the first":         {bench{}, 0, true},
		"with time":         {bench{began: time.Now(), time: time.Minute}, 5, true},
		"all done":          {bench{began: time.Now(), time: time.Minute}, 9, false},
		"too few, too late": {bench{began: time.Now().Add(-time.Hour), time: time.Minute}, 2, true},
		"too late":          {bench{began: time.Now().Add(-time.Hour), time: time.Minute}, 3, false},
		"late after it":     {bench{began: time.Now().Add(-50 * time.Second), time: time.Minute}, 4, false},
		"a look":            {bench{began: time.Now(), time: time.Minute, o: options{short: true}}, 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.b.again(tt.i, 9, 3); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

package forgestart

import (
	"strings"
	"testing"
)

// TestPrepare is what a start makes of what it finds on the volume. It runs scripts that
// it has just written, and so not beside other tests: a process that another one starts
// would hold a script open for writing.
func TestPrepare(t *testing.T) {
	const (
		untouched = "[security]\nINTERNAL_TOKEN = a=b\nINSTALL_LOCK = true\n[oauth2]\nJWT_SECRET=c\n[server]\nLFS_JWT_SECRET = d\n"
		rotated   = "[security]\nINSTALL_LOCK = true\n[oauth2]\n[server]\n"
		rekey     = "#!/bin/sh\necho replaced > \"$2\"\n"
	)
	type files map[string]string
	for name, tt := range map[string]struct {
		before, after files
		err           string
		ran           string
	}{
		"first start": {
			nil, files{"etc/secrets/secret-key": "generated\n", "etc/app.ini": untouched}, "", "generate, setup",
		},
		"restart": {
			files{"etc/secrets/secret-key": "old"}, files{"etc/secrets/secret-key": "old", "etc/app.ini": untouched}, "", "setup",
		},
		"an interrupted start left nothing": {
			files{"etc/secrets/secret-key": ""}, files{"etc/secrets/secret-key": "generated\n"}, "", "generate, setup",
		},
		"a rotation": {
			files{"etc/secrets/secret-key": "old", "etc/rotate/request": "secret-key\ninternal-token\njwt-secret lfs-jwt-secret\n", "etc/rotate/gitea-rekey": rekey},
			files{
				"etc/secrets/secret-key": "replaced\n", "etc/app.ini": rotated, "data/data/jwt/private.pem": "none",
				"etc/rotate/request": "none", "etc/rotate/gitea-rekey": "none",
			}, "", "setup",
		},
		"a rotation that is refused": {
			files{"etc/secrets/secret-key": "old", "etc/rotate/request": "secret-key\njwt-secret\n", "etc/rotate/gitea-rekey": "#!/bin/sh\necho why >&2; exit 1\n"},
			files{
				"etc/secrets/secret-key": "old", "data/data/jwt/private.pem": "none", "etc/rotate/request": "none",
				"etc/rotate/gitea-rekey": "none", "etc/rotate/failed": "why\n\n",
			}, "", "setup",
		},
		"a rotation that is interrupted": {
			files{"etc/secrets/secret-key": "old", "etc/rotate/request": "secret-key\n", "etc/rotate/gitea-rekey": "#!/bin/sh\necho why >&2; exit 2\n"},
			files{"etc/rotate/request": "secret-key\n", "etc/rotate/failed": "none"}, "why", "",
		},
		"a rotation after a refused one": {
			files{"etc/secrets/secret-key": "old", "etc/rotate/failed": "why", "etc/rotate/request": "secret-key\n", "etc/rotate/gitea-rekey": rekey},
			files{"etc/secrets/secret-key": "replaced\n", "etc/rotate/failed": "none"}, "", "setup",
		},
		"files without a request": { // the launcher was killed before it wrote that
			files{"etc/secrets/secret-key": "old", "etc/rotate/gitea-rekey": rekey}, files{"etc/secrets/secret-key": "old"}, "", "setup",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, s := newFake(t, nil)
			f.write("ready", "")
			for file, text := range tt.before {
				f.write(file, text)
			}
			err := s.Prepare(t.Context())
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %v, want %q", err, tt.err)
			}
			for file, want := range tt.after {
				if got := f.read(file); got != want {
					t.Errorf("got %s: %q, want %q", file, got, want)
				}
			}
			if got := strings.Join(f.ran, ", "); got != tt.ran {
				t.Errorf("got the commands %s, want %s", got, tt.ran)
			}
			if f.read("ready") != "none" {
				t.Error("the forge is said to be ready before it starts")
			}
		})
	}
}

func TestFromEnvironment(t *testing.T) {
	t.Parallel()
	_, err := FromEnvironment(func(string) string { return "" })
	if err == nil || !strings.Contains(err.Error(), "ADMIN_USER") || !strings.Contains(err.Error(), "GITEA__server__HTTP_PORT") {
		t.Errorf("got %v, want all that is missing", err)
	}
	for size, want := range map[string]string{"100": "", "much": "CACHE_SIZE"} {
		_, err := FromEnvironment(func(name string) string {
			if name == "CACHE_SIZE" || name == "MODULES_SIZE" || name == "RETAIN_IMAGES" {
				return size
			}
			return name
		})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("a cache of %s: got %v, want %q", size, err, want)
		}
	}
}

package apt

import "golang.org/x/net/http/httpproxy"

// ProxyEnvironment are this process's proxies under the lower-case names, the only ones
// that apt reads. mmdebstrap needs them too, as it runs apt.
func ProxyEnvironment() []string {
	p := httpproxy.FromEnvironment()
	var env []string
	for name, value := range map[string]string{"http_proxy": p.HTTPProxy, "https_proxy": p.HTTPSProxy, "no_proxy": p.NoProxy} {
		if value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

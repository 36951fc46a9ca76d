package artifacts

import "context"

type proxyKey struct{}

// WithProxies gives builds below ctx the proxy variables of a stack's
// configuration, which go before those of this process's environment.
func WithProxies(ctx context.Context, variables map[string]string) context.Context {
	return context.WithValue(ctx, proxyKey{}, variables)
}

// Proxies are the proxy variables that WithProxies gave to ctx.
func Proxies(ctx context.Context) map[string]string {
	variables, _ := ctx.Value(proxyKey{}).(map[string]string)
	return variables
}

// environment adds the proxies of ctx to the environment of a command.
func environment(ctx context.Context, env []string) []string {
	for name, value := range Proxies(ctx) {
		env = append(env, name+"="+value)
	}
	return env
}

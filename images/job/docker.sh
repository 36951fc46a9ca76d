#!/bin/sh
# The docker command of jobs. Docker gives builds and containers the proxies of the CLI's
# configuration, and never those of its environment. So where a job has proxies and no
# configuration of its own, this makes one.
http=${http_proxy:-${HTTP_PROXY-}} https=${https_proxy:-${HTTPS_PROXY-}} no=${no_proxy:-${NO_PROXY-}}
dir=${DOCKER_CONFIG:-${HOME:-/root}/.docker}
quoted() { printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')"; }
if [ -n "$http$https" ] && [ ! -e "$dir/config.json" ] && mkdir -p "$dir" && new=$(mktemp "$dir/config.XXXXXX"); then
	printf '{"proxies": {"default": {"httpProxy": %s, "httpsProxy": %s, "noProxy": %s}}}\n' \
		"$(quoted "$http")" "$(quoted "$https")" "$(quoted "$no")" > "$new"
	ln "$new" "$dir/config.json" 2> /dev/null # fails where another docker command was quicker
	rm -f "$new"
fi
exec /usr/bin/docker "$@"

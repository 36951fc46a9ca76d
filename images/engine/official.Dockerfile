# The official engine plus the forwarder that the source image has from Debian.
ARG ENGINE
FROM ${ENGINE}
RUN apk add --no-cache socat tini
COPY entrypoint.sh /usr/local/bin/engine-entrypoint.sh
VOLUME ["/var/lib/docker", "/run/engine"]
HEALTHCHECK --interval=2s --timeout=5s --start-period=30s --retries=5 \
  CMD ["docker", "-H", "unix:///run/engine/docker.sock", "version", "--format", "{{.Server.Version}}"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "-g", "--", "/usr/local/bin/engine-entrypoint.sh"]

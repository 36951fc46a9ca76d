# The official engine plus the forwarder that the source image has from Debian.
ARG ENGINE
FROM ${ENGINE}
RUN apk add --no-cache bash coreutils crun iproute2 iptables shadow-subids shadow-uidmap socat tini util-linux
COPY jobengine /usr/local/bin/
COPY entrypoint.sh /usr/local/bin/engine-entrypoint.sh
COPY inside.sh /usr/local/bin/engine-inside.sh
# The IDs that root of the inner engine and its containers have outside.
RUN echo root:100000:65536 | tee /etc/subuid > /etc/subgid && mkdir -p /etc/docker /var/lib/docker /engine /usr/local/share/engine
VOLUME ["/engine", "/run/engine"]
HEALTHCHECK --interval=2s --timeout=5s --start-period=30s --retries=5 \
  CMD ["jobengine", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "-g", "--", "/usr/local/bin/engine-entrypoint.sh"]

# The official runner plus what the source image has from Debian.
ARG RUNNER
FROM ${RUNNER}
USER root
RUN apk add --no-cache bash docker-cli socat

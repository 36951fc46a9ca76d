# What a workflow's jobs run in: the official Go image with git and the Docker command line.
ARG GO
FROM ${GO}
RUN apk add --no-cache bash docker-cli docker-cli-buildx git
ENV GOTOOLCHAIN=local CGO_ENABLED=0 DOCKER_BUILDKIT=1
# A first run compiles only its own code: see warm_test.go. The flags are the
# workflow's. Go marks what it takes from its cache with the hour, and drops what is old:
# in a layer a mark would copy the whole file, so that all is marked ahead.
COPY warm_test.go /tmp/warm/
RUN cd /tmp/warm && export GOFLAGS=-trimpath && \
    go mod init warm && go test && go vet && rm -r /tmp/warm && \
    find /root/.cache/go-build -type f -exec touch -t 203701010000 {} +

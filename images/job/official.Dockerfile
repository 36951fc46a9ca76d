# What a workflow's jobs run in: the official Go image with git and the Docker command line.
ARG GO
FROM ${GO}
RUN apk add --no-cache bash docker-cli docker-cli-buildx git
ENV GOTOOLCHAIN=local CGO_ENABLED=0 DOCKER_BUILDKIT=1
# A first run compiles only its own code: see warm_test.go. The flags are the
# workflow's.
COPY warm_test.go /tmp/warm/
RUN cd /tmp/warm && export GOFLAGS=-trimpath && \
    go mod init warm && go test && go vet && rm -r /tmp/warm

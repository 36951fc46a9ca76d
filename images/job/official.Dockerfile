# What a workflow's jobs run in: the official Go image with git and the Docker command line.
ARG GO
FROM ${GO}
RUN apk add --no-cache bash docker-cli docker-cli-buildx git
ENV GOTOOLCHAIN=local CGO_ENABLED=0 DOCKER_BUILDKIT=1

# What a job, its containers and its builds trust and reach. URL is a server of the test with a
# certificate of its own authority; REFUSED is another port of its machine; FORGE is the
# forge's canonical address; MIRROR is a value of GOPROXY.
set -ex
image=$(docker images --format '{{.Repository}}:{{.Tag}}' | head -n 1)
get="curl --silent --show-error --fail --max-time 20"
# What this proves: without the authority nobody gets an answer.
if env --unset=SSL_CERT_FILE $get "$URL"; then exit 1; fi

$get "$URL"
$get "$FORGE/api/healthz"
ssh="ssh -o StrictHostKeyChecking=no -o BatchMode=yes -o ConnectTimeout=20 -p $SSH_PORT git@localhost"
{ $ssh 2>&1 || true; } | grep 'Permission denied' # by the forge: nobody has a key here
git ls-remote "$URL/repository.git"
test "$MARK" = "from runner.env"
test "$npm_config_registry" = https://npm.example.org/
if $get --insecure "$REFUSED"; then exit 1; fi

# Containers.
for network in bridge own; do
  if [ $network = own ]; then docker network create own; fi
  docker run --rm --network $network "$image" sh -exc "$get $URL; $get $FORGE/api/healthz; test \"\$MARK\" = 'from runner.env'; { $ssh 2>&1 || true; } | grep 'Permission denied'"
done
docker run --rm --read-only --user 1000 "$image" $get "$URL"
docker run --detach --name long "$image" sleep 1000
docker exec long $get "$URL"
docker exec --env SSL_CERT_FILE=/nowhere long sh -c 'test "$SSL_CERT_FILE" = /nowhere'
docker run --rm --env MARK=mine --env SSL_CERT_FILE= "$image" sh -c 'test "$MARK" = mine && test -z "$SSL_CERT_FILE"'
if docker exec long touch /dev/trust/planted; then exit 1; fi
# A /dev that is not the container's own stays as it is.
docker run --detach --name devices --volume /dev:/dev "$image" sleep 1000
docker exec devices sh -c 'test -z "$SSL_CERT_FILE" && test ! -e /dev/trust'
# The way out, for a service of the user's own on that port.
if docker run --rm --env GITOPS_PIPELINE_FORGE_ON_LOCALHOST=false "$image" $get "$FORGE/api/healthz"; then exit 1; fi
if docker diff long | grep trust; then exit 1; fi

# Builds, by both builders. They leave no trace in the image.
for buildkit in 1 0; do
  printf 'FROM %s\nRUN %s %s && %s %s/api/healthz && test "$MARK" = "from runner.env"\n' "$image" "$get" "$URL" "$get" "$FORGE" |
    DOCKER_BUILDKIT=$buildkit docker build --no-cache --tag "built-$buildkit" -
  docker history --no-trunc --format '{{.Size}} {{.CreatedBy}}' "built-$buildkit" | head -n 1 | grep '^0B '
  for field in .Config.Env .Config.Volumes .Config.Labels; do
    test "$(docker inspect --format "{{json $field}}" "$image")" = "$(docker inspect --format "{{json $field}}" "built-$buildkit")"
  done
done

# The job engine itself.
docker pull "${URL#https://}/some/image:1" 2>&1 | grep 'manifest unknown'

# A project with dependencies, from each mirror: that of the test, and the stack's.
for mirror in "$MIRROR" "$GOPROXY"; do
  go clean -modcache
  GOPROXY=$mirror go mod download
  GOPROXY=$mirror go build -o /tmp/program .
  /tmp/program | grep 4.096kB
  printf 'FROM %s\nWORKDIR /src\nCOPY . .\nRUN GOPROXY="%s" go mod download && go build -o /program . && /program | grep 4.096kB\n' "$image" "$mirror" > /tmp/Dockerfile
  docker build --no-cache --file /tmp/Dockerfile .
done

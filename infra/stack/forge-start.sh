#!/bin/bash
# Prepares the forge, then starts it as its image would. Run at every start;
# what is there stays as it is.
set -euo pipefail
umask 077

# The key that encrypts secrets in the database. It is made here, and lives
# with the data, because it must outlive the stack.
mkdir -p /etc/gitea/secrets
if [ ! -s /etc/gitea/secrets/secret-key ]; then
  /app/gitea/gitea generate secret SECRET_KEY > /etc/gitea/secrets/secret-key.new
  mv /etc/gitea/secrets/secret-key.new /etc/gitea/secrets/secret-key
fi

# What `pipeline rotate` asks for stands on the volume until it is done: a start
# that is cut off is made good by the next one. Gitea itself makes the secrets
# anew that app.ini no longer has.
rotate=/etc/gitea/rotate
forget() { sed -i "/^$1 *=/d" "$GITEA_APP_INI"; }
if [ -s "$rotate/request" ]; then
  rm -f "$rotate/failed"
  # shellcheck disable=SC2013 # words, on one line or several
  for secret in $(cat "$rotate/request"); do
    case $secret in
      secret-key)
        code=0
        "$rotate/gitea-rekey" /var/lib/gitea/data/gitea.db /etc/gitea/secrets/secret-key 2> "$rotate/failed" || code=$?
        [ "$code" -lt 2 ] || { cat "$rotate/failed"; exit "$code"; } ;; # the next start goes on
      internal-token) forget INTERNAL_TOKEN ;;
      jwt-secret) forget JWT_SECRET; rm -f /var/lib/gitea/data/jwt/private.pem ;;
      lfs-jwt-secret) forget LFS_JWT_SECRET ;;
    esac
  done
  rm -f "$rotate/request" "$rotate/gitea-rekey"
  [ -s "$rotate/failed" ] || rm -rf "$rotate"
fi

/usr/local/bin/docker-setup.sh
gitea=(/usr/local/bin/gitea --config "$GITEA_APP_INI")

# admin_token is a new access token of the administrator, who is made if need be.
# Each of Gitea's commands takes a second: as few as can be, and none at a restart.
admin_token() {
  local name
  name=start-$(date +%s%N)
  if [ -z "$first" ] && "${gitea[@]}" admin user generate-access-token --username "$ADMIN_USER" \
    --token-name "$name" --scopes write:admin --raw; then
    return
  fi
  "${gitea[@]}" admin user create --admin --username "$ADMIN_USER" --random-password \
    --email "$ADMIN_USER@noreply.localhost" --must-change-password=false \
    --access-token --access-token-name "$name" --access-token-scopes write:admin |
    sed -n 's/^Access token was successfully created[.:]* //p'
}

# The password is set through the API, once the forge answers: an argument of
# a command would show it to everyone on the host. Configuration that holds a
# secret reaches curl by its standard input.
api="http://127.0.0.1:${GITEA__server__HTTP_PORT:?}/api"
rm -f "$READY_FILE"
first=
[ -s /var/lib/gitea/data/gitea.db ] || first=yes
set_password() {
  local password token
  password=$(cat "$ADMIN_PASSWORD_FILE")
  until curl --silent --fail --output /dev/null "$api/healthz"; do sleep 0.1; done
  if ! curl --silent --fail --output /dev/null --config - "$api/v1/user" <<< "user = \"$ADMIN_USER:$password\""; then
    token=$(admin_token)
    curl --silent --show-error --fail --output /dev/null --config - "$api/v1/admin/users/$ADMIN_USER" << CONFIG
request = "PATCH"
header = "Authorization: token $token"
header = "Content-Type: application/json"
data = "{\\"source_id\\": 0, \\"login_name\\": \\"$ADMIN_USER\\", \\"must_change_password\\": false, \\"password\\": \\"$password\\"}"
CONFIG
  fi
  # Tokens of this start, and of one that was cut off, have served.
  local config="user = \"$ADMIN_USER:$password\""
  curl --silent --fail --config - "$api/v1/users/$ADMIN_USER/tokens" <<< "$config" |
    grep -o '"name":"start-[0-9]*"' | cut -d'"' -f4 | while read -r name; do
      curl --silent --fail --request DELETE --config - "$api/v1/users/$ADMIN_USER/tokens/$name" <<< "$config"
    done || true # there is none
  touch "$READY_FILE"
}
set_password &

exec "${gitea[@]}" web

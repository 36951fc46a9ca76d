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

/usr/local/bin/docker-setup.sh
gitea=(/usr/local/bin/gitea --config "$GITEA_APP_INI")
"${gitea[@]}" migrate > /dev/null

password=$(cat "$ADMIN_PASSWORD_FILE")
if "${gitea[@]}" admin user list --admin | awk '{print $2}' | grep -qx "$ADMIN_USER"; then
  "${gitea[@]}" admin user change-password --username "$ADMIN_USER" --password "$password" --must-change-password=false > /dev/null
else
  "${gitea[@]}" admin user create --admin --username "$ADMIN_USER" --password "$password" \
    --email "$ADMIN_USER@noreply.localhost" --must-change-password=false > /dev/null
fi
unset password

exec "${gitea[@]}" web

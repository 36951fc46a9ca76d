package config

import "strings"

// reserved are the settings of Gitea that forge.settings may not hold, because the
// pipeline sets them or depends on their default, with what to use instead. A name that
// ends in a dot is a section with all that is in it. What infra/stack sets has to be
// here: a test compares them.
var reserved = map[string]string{
	"RUN_USER":                            noOther,
	"WORK_PATH":                           noOther,
	"actions.DEFAULT_ACTIONS_URL":         noOther,
	"actions.ARTIFACT_RETENTION_DAYS":     "set the key retention.artifacts instead",
	"actions.ENABLED":                     noOther,
	"actions.LOG_RETENTION_DAYS":          "set the key retention.logs instead",
	"actions.ZOMBIE_TASK_TIMEOUT":         noOther,
	"cron.stop_zombie_tasks.":             noOther,
	"cron.update_checker.ENABLED":         noOther,
	"database.":                           "the database is SQLite on the stack's volume",
	"log.LEVEL":                           noOther,
	"oauth2.JWT_SECRET":                   "Gitea generates it; `pipeline rotate jwt-secret` replaces it",
	"oauth2.JWT_SECRET_URI":               "Gitea generates the secret; `pipeline rotate jwt-secret` replaces it",
	"oauth2.JWT_SIGNING_PRIVATE_KEY_FILE": "Gitea generates the key; `pipeline rotate jwt-secret` replaces it",
	"packages.ENABLED":                    noOther,
	"queue.actions_ready_job.TYPE":        noOther,
	"queue.webhook_sender.TYPE":           noOther,
	"queue.push_update.TYPE":              noOther,
	"repository.DEFAULT_BRANCH":           noOther,
	"repository.ROOT":                     "repositories are on the stack's volume",
	"security.INSTALL_LOCK":               noOther,
	"security.INTERNAL_TOKEN":             "Gitea generates it; `pipeline rotate internal-token` replaces it",
	"security.INTERNAL_TOKEN_URI":         "Gitea generates the token; `pipeline rotate internal-token` replaces it",
	"security.SECRET_KEY":                 "the forge generates it; `pipeline rotate secret-key` replaces it",
	"security.SECRET_KEY_URI":             "the forge generates the key; `pipeline rotate secret-key` replaces it",
	"server.":                             "the forge's addresses follow from the keys httpPort, sshPort, bindAddress and host",
	"server.DOMAIN":                       "set the key host instead",
	"server.HTTP_ADDR":                    "set the key bindAddress instead",
	"server.HTTP_PORT":                    "set the key httpPort instead",
	"server.LFS_JWT_SECRET":               "Gitea generates it; `pipeline rotate lfs-jwt-secret` replaces it",
	"server.ROOT_URL":                     "set the keys host and httpPort instead",
	"server.SSH_DOMAIN":                   "set the key host instead",
	"server.SSH_PORT":                     "set the key sshPort instead",
	"service.DISABLE_REGISTRATION":        "the administrator creates users",
	"time.DEFAULT_UI_LOCATION":            "set the key timezone instead",
}

const noOther = "the pipeline depends on its value"

// reservedFor says what to use in place of a setting that is reserved, or nothing.
func reservedFor(name string) string {
	if instead, ok := reserved[name]; ok {
		return instead
	}
	return reserved[name[:strings.LastIndex(name, ".")+1]]
}

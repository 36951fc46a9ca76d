// Users, repositories and Actions of a Gitea forge.
package gitea

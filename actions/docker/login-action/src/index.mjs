// The entry points of docker/login-action. action.yaml describes the inputs.
import * as core from '@actions/core'
import { entry } from '../../../../tools/actions/action.mjs'
import { docker, flag, without } from '../../../../tools/actions/docker.mjs'

export const login = entry('docker/login-action', async () => {
  const registry = core.getInput('registry')
  const username = core.getInput('username')
  const password = core.getInput('password')
  if (core.getInput('registry-auth')) throw new Error('registry-auth is not supported here; have a step of this action for each registry')
  without('docker/login-action', ['scope'], 'the password serves the whole registry')
  if (core.getInput('ecr') === 'true') throw new Error('ecr is not supported here; give username and password, as `aws ecr get-login-password` prints it')
  if (!username || !password) {
    throw new Error(`${username ? 'password' : 'username'} is empty; set it, and see that the secret it comes from exists for this repository and event`)
  }
  core.setSecret(password)
  await docker(['login', '--username', username, '--password-stdin', ...(registry ? [registry] : [])], { input: password, silent: true })
  core.info(`signed in to ${registry || 'Docker Hub'} as ${username}`)
  if (flag('logout')) core.saveState('registry', registry || 'docker.io')
})

// Docker Hub's name for docker logout is the empty one.
export const logout = entry('docker/login-action', async () => {
  const registry = core.getState('registry')
  if (registry) await docker(['logout', ...(registry === 'docker.io' ? [] : [registry])])
})

// The entry point of docker/setup-buildx-action. action.yaml describes the inputs.
import * as core from '@actions/core'
import { entry } from '../../../../tools/actions/action.mjs'
import { docker, without } from '../../../../tools/actions/docker.mjs'

// own is the name of the builder that an engine has.
const own = 'default'

export const setup = entry('docker/setup-buildx-action', async () => {
  const driver = core.getInput('driver')
  if (!['', 'docker', 'docker-container'].includes(driver)) {
    throw new Error(`there is no builder with the driver ${driver} here; leave driver out to use the job engine's own`)
  }
  if (driver === 'docker-container') core.warning("docker/setup-buildx-action: the builder is the job engine's own, with the driver docker")
  without('docker/setup-buildx-action', [
    'version', 'driver-opts', 'buildkitd-flags', 'buildkitd-config', 'buildkitd-config-inline', 'config', 'config-inline',
    'name', 'endpoint', 'platforms', 'append', 'keep-state'
  ], "the builder is the job engine's own")
  const shown = await docker(['buildx', 'inspect', own], { silent: true })
  const field = (name) => shown.match(new RegExp(`^${name}:\\s*(.*)$`, 'm'))?.[1].trim() ?? ''
  core.info(shown)
  if (field('Status') !== 'running') throw new Error(`the builder is not ready: ${field('Status') || shown}`)
  core.setOutput('name', own)
  core.setOutput('driver', field('Driver'))
  core.setOutput('platforms', field('Platforms').replaceAll(/[\s*]/g, ''))
  core.setOutput('status', field('Status'))
})

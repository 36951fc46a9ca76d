// The entry point of docker/setup-qemu-action. action.yaml describes the inputs.
import * as core from '@actions/core'
import { entry } from '../../../../tools/actions/action.mjs'
import { docker, list } from '../../../../tools/actions/docker.mjs'

export const setup = entry('docker/setup-qemu-action', async () => {
  const own = await docker(['version', '--format', '{{.Server.Os}}/{{.Server.Arch}}'], { silent: true })
  core.setOutput('platforms', own)
  const others = list('platforms', { commas: true }).filter((platform) => platform !== own && platform !== own.split('/')[1])
  const message = `docker/setup-qemu-action: programs run here for ${own} alone`
  if (others.length) core.warning(`${message}, not for ${others.join(', ')}`)
  else core.info(message)
})

// The entry point of download-artifact. action.yaml describes the inputs.
import '../../../tools/actions/forge.mjs'
import { DefaultArtifactClient } from '@actions/artifact'
import * as core from '@actions/core'
import { entry } from '../../../tools/actions/action.mjs'
import { Minimatch } from 'minimatch'
import path from 'node:path'

// wanted is which of the run's artifacts the inputs name.
function wanted(artifacts) {
  const name = core.getInput('name')
  const ids = core.getInput('artifact-ids').split(',').map((id) => id.trim()).filter(Boolean)
  if (name && ids.length) {
    throw new Error('name and artifact-ids are both set; write one of them')
  }
  if (name) {
    const found = artifacts.filter((a) => a.name === name)
    if (!found.length) {
      const names = artifacts.map((a) => a.name).join(', ')
      throw new Error(`this run has no artifact ${name}; it has ${names || 'none'}. Have this job need the one that uploads it`)
    }
    return { found, single: true }
  }
  if (ids.length) {
    const found = artifacts.filter((a) => ids.includes(String(a.id)))
    if (found.length !== new Set(ids).size) {
      throw new Error(`of the artifacts ${ids.join(', ')} this run has ${found.map((a) => a.id).join(', ') || 'none'}`)
    }
    return { found, single: found.length === 1 }
  }
  const pattern = core.getInput('pattern')
  const matcher = pattern && new Minimatch(pattern)
  return { found: artifacts.filter((a) => !matcher || matcher.match(a.name)), single: false }
}

export const download = entry('download-artifact', async () => {
  const { GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_WORKSPACE } = process.env
  for (const [input, own] of [['repository', GITHUB_REPOSITORY], ['run-id', GITHUB_RUN_ID]]) {
    const value = core.getInput(input)
    if (value && value !== own) {
      throw new Error(`${input} is ${value}; here a job gets artifacts of its own run alone. On the page of another run they can be downloaded`)
    }
  }
  const directory = path.resolve(GITHUB_WORKSPACE, core.getInput('path').replace(/^~(?=$|\/)/, process.env.HOME))
  const merge = core.getBooleanInput('merge-multiple')
  const client = new DefaultArtifactClient()
  const { artifacts } = await client.listArtifacts({ latest: true })
  const { found, single } = wanted(artifacts)
  if (!found.length) {
    core.warning(`download-artifact: no artifact of this run is meant: it has ${artifacts.map((a) => a.name).join(', ') || 'none'}`)
  }
  for (const { id, name, digest } of found) {
    const to = single || merge ? directory : path.join(directory, name)
    const { digestMismatch } = await client.downloadArtifact(id, { path: to, expectedHash: digest })
    if (digestMismatch) throw new Error(`the artifact ${name} is damaged: its SHA-256 is not ${digest}`)
    core.info(`downloaded ${name} into ${to}`)
  }
  core.setOutput('download-path', directory)
})

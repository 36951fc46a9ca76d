// The entry point of upload-artifact. action.yaml describes the inputs.
import { forge } from '../../../tools/actions/forge.mjs'
import { DefaultArtifactClient } from '@actions/artifact'
import * as core from '@actions/core'
import { entry } from '../../../tools/actions/action.mjs'
import { create } from '@actions/glob'
import { lstatSync } from 'node:fs'
import path from 'node:path'

const reactions = ['warn', 'error', 'ignore']

// inputs reads and checks the inputs, before anything is sent.
function inputs() {
  const missing = core.getInput('if-no-files-found') || 'warn'
  if (!reactions.includes(missing)) {
    throw new Error(`if-no-files-found is '${missing}'; write one of ${reactions.join(', ')}`)
  }
  const compressionLevel = Number(core.getInput('compression-level') || 6)
  if (!Number.isInteger(compressionLevel) || compressionLevel < 0 || compressionLevel > 9) {
    throw new Error(`compression-level is '${core.getInput('compression-level')}'; write a number from 0 to 9`)
  }
  const retentionDays = core.getInput('retention-days') ? Number(core.getInput('retention-days')) : undefined
  if (retentionDays !== undefined && (!Number.isInteger(retentionDays) || retentionDays < 1)) {
    throw new Error(`retention-days is '${core.getInput('retention-days')}'; write a number of days`)
  }
  return {
    name: core.getInput('name') || 'artifact',
    patterns: core.getInput('path', { required: true }),
    overwrite: core.getBooleanInput('overwrite'),
    hidden: core.getBooleanInput('include-hidden-files'),
    missing, compressionLevel, retentionDays
  }
}

// search finds the files, and the directory that their names in the artifact start from:
// the one that all patterns have in common, or that of a single file.
async function search(patterns, hidden) {
  const globber = await create(patterns, { implicitDescendants: true, matchDirectories: false, excludeHiddenFiles: !hidden })
  const files = (await globber.glob()).filter((file) => !lstatSync(file).isDirectory())
  const starts = globber.getSearchPaths()
  if (starts.length === 1 && files.length === 1 && files[0] === starts[0]) {
    return { files, root: path.dirname(files[0]) }
  }
  return { files, root: starts.length ? common(starts) : process.cwd() }
}

// common is the longest path that all paths start with.
function common(paths) {
  const [first, ...others] = paths.map((p) => path.resolve(p).split(path.sep))
  let length = first.length
  for (const other of others) {
    let same = 0
    while (same < length && first[same] === other[same]) same++
    length = same
  }
  return first.slice(0, length).join(path.sep) || path.sep
}

export const upload = entry('upload-artifact', async () => {
  const { name, patterns, overwrite, hidden, missing, compressionLevel, retentionDays } = inputs()
  const { files, root } = await search(patterns, hidden)
  if (files.length === 0) {
    const message = `no file matches ${patterns.split('\n').filter(Boolean).join(', ')}: there is no artifact ${name}`
    if (missing === 'error') throw new Error(message)
    if (missing === 'warn') core.warning(`upload-artifact: ${message}`)
    else core.info(message)
    return
  }
  const client = new DefaultArtifactClient()
  const { artifacts } = await client.listArtifacts({ latest: true })
  if (artifacts.some((a) => a.name === name)) {
    if (!overwrite) throw new Error(`this run has an artifact ${name} already; choose another name, or set overwrite to true`)
    await client.deleteArtifact(name)
  }
  const { id, size, digest } = await client.uploadArtifact(name, files, root, { compressionLevel, retentionDays })
  const { GITHUB_REPOSITORY, GITHUB_RUN_ID } = process.env
  const url = `${forge}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}/artifacts/${encodeURIComponent(name)}`
  core.setOutput('artifact-id', id)
  core.setOutput('artifact-digest', digest)
  core.setOutput('artifact-url', url)
  core.info(`uploaded ${files.length} files, ${size} bytes in a zip archive: ${url}`)
})

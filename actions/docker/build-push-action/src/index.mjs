// The entry point of docker/build-push-action. action.yaml describes the inputs.
import * as core from '@actions/core'
import { exec } from '@actions/exec'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { entry } from '../../../../tools/actions/action.mjs'
import { docker, flag, list, without } from '../../../../tools/actions/docker.mjs'
import { cacheOptions } from './cache.mjs'

const action = 'docker/build-push-action'

// repeated are options that take one value each, by the input with all of them. An input
// whose values may hold commas has one to a line alone.
const repeated = {
  'add-hosts': ['--add-host', { commas: true }], allow: ['--allow', { commas: true }],
  'build-args': ['--build-arg'], 'build-contexts': ['--build-context'], labels: ['--label'],
  'no-cache-filters': ['--no-cache-filter', { commas: true }], outputs: ['--output'],
  ssh: ['--ssh'], tags: ['--tag', { commas: true }], ulimit: ['--ulimit', { commas: true }]
}

// once are options with one value.
const once = { builder: '--builder', call: '--call', network: '--network', 'shm-size': '--shm-size', target: '--target' }

// secrets has each secret in a file: a value is no argument of a process.
function secrets(scratch) {
  const split = (value, input) => {
    const at = value.indexOf('=')
    if (at < 1) throw new Error(`${input} has a line without a name; write each as id=…`)
    return [value.slice(0, at), value.slice(at + 1)]
  }
  return [
    ...list('secrets').flatMap((value, i) => {
      const [id, text] = split(value, 'secrets')
      const file = path.join(scratch, `secret-${i}`)
      writeFileSync(file, text, { mode: 0o600 })
      return ['--secret', `id=${id},src=${file}`]
    }),
    ...list('secret-envs').flatMap((value) => {
      const [id, name] = split(value, 'secret-envs')
      return ['--secret', `id=${id},env=${name}`]
    }),
    ...list('secret-files').flatMap((value) => {
      const [id, file] = split(value, 'secret-files')
      return ['--secret', `id=${id},src=${file}`]
    })
  ]
}

// committed makes the default context: the workflow's commit without what the job changed. The
// token is in git's environment alone.
async function committed(scratch) {
  const dir = path.join(scratch, 'context')
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_SHA: commit } = process.env
  const header = Buffer.from(`x-access-token:${core.getInput('github-token')}`).toString('base64')
  core.setSecret(header)
  const env = {
    ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `http.${server}/.extraheader`, GIT_CONFIG_VALUE_0: `Authorization: Basic ${header}`
  }
  await exec('git', ['init', '--quiet', dir], { silent: true })
  const git = (...args) => exec('git', ['-C', dir, ...args], { env, silent: true })
  await git('fetch', '--quiet', '--depth', '1', `${server}/${repository}`, commit)
  await git('checkout', '--quiet', '--detach', commit)
  rmSync(path.join(dir, '.git'), { recursive: true })
  core.info(`the context is ${repository} at ${commit}`)
  return dir
}

// context returns the build context, and the directory that names of a Dockerfile start from: the
// root of the default context, else the working directory.
async function context(scratch) {
  const wanted = core.getInput('context') || '{{defaultContext}}'
  if (!wanted.includes('{{')) return { dir: wanted, root: '' }
  const found = wanted.match(/^\{\{\s*defaultContext\s*\}\}(?::(.*))?$/)
  if (!found) throw new Error(`context is '${wanted}'; write a directory, or {{defaultContext}}:DIRECTORY`)
  const root = await committed(scratch)
  return { dir: path.join(root, found[1] ?? ''), root }
}

// platform is the one to build for. Several at once need another builder.
function platform() {
  const all = list('platforms', { commas: true })
  if (all.length > 1) throw new Error(`platforms has ${all.join(', ')}: the job engine's builder builds for one at a time; have a job for each, and join them with docker buildx imagetools create`)
  return all.length ? ['--platform', all[0]] : []
}

export const build = entry(action, async () => {
  without(action, ['annotations', 'attests', 'sbom', 'cgroup-parent'], "the job engine's builder has none of it")
  if (!['', 'false'].includes(core.getInput('provenance'))) without(action, ['provenance'], "the job engine's builder has none of it")
  const push = flag('push')
  const tags = list('tags', { commas: true })
  if (push && tags.length === 0) throw new Error('push is true, and the image has no name; set tags')
  const scratch = mkdtempSync(path.join(process.env.RUNNER_TEMP || os.tmpdir(), 'build-'))
  try {
    const files = { id: path.join(scratch, 'id'), metadata: path.join(scratch, 'metadata.json') }
    const cache = cacheOptions(action, tags, push)
    const args = ['buildx', 'build', '--iidfile', files.id, '--metadata-file', files.metadata, ...platform(),
      ...cache.options, ...cache.names.flatMap((name) => ['--tag', name]), ...secrets(scratch)]
    for (const [input, [option, how]] of Object.entries(repeated)) args.push(...list(input, how).flatMap((value) => [option, value]))
    for (const [input, option] of Object.entries(once)) if (core.getInput(input)) args.push(option, core.getInput(input))
    for (const name of ['load', 'no-cache', 'pull', 'push']) if (flag(name)) args.push(`--${name}`)
    const { dir, root } = await context(scratch)
    const file = core.getInput('file')
    if (file) args.push('--file', path.join(root, file))
    await docker([...args, dir])
    await outputs(files, push ? tags : [])
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
})

// outputs says what came out. The digest is the registry's, of what was pushed.
async function outputs(files, pushed) {
  const read = (file) => { try { return readFileSync(file, 'utf8').trim() } catch { return '' } }
  const id = read(files.id)
  core.setOutput('imageid', id)
  core.setOutput('metadata', read(files.metadata))
  if (pushed.length === 0) return
  const at = JSON.parse(await docker(['image', 'inspect', '--format', '{{json .RepoDigests}}', pushed[0]], { silent: true }))
  const digest = at.map((name) => name.split('@')[1])[0] ?? ''
  core.setOutput('digest', digest)
  core.info(`pushed ${pushed.join(', ')}: ${digest}`)
}

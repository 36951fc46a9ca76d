// The entry points of setup-go/cache. action.yaml describes the inputs.
import { link, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import * as cache from '@actions/cache'
import * as core from '@actions/core'
import { getExecOutput } from '@actions/exec'
import { hashFiles } from '@actions/glob'
import { entry } from '../../../tools/actions/action.mjs'

// The job image has the results of compiling the standard library, with times in this future
// (images/job/Dockerfile). They are not kept again.
const future = Date.parse('2036-01-01')

// Go notes that it has used a result at most once in this time, in milliseconds.
const usedStep = 60 * 60 * 1000

// builds has links to what is kept of Go's build cache, which itself holds more.
const builds = join(homedir(), '.cache', 'setup-go-builds')

// What the main part tells the post part.
const keyState = 'key'
const startState = 'start'

async function directories() {
  const { stdout } = await getExecOutput('go', ['env', 'GOCACHE', 'GOMODCACHE'], { silent: true })
  const [results, modules] = stdout.trim().split('\n')
  return { results, modules, kept: [builds, modules] }
}

// linkAll gives the files of from that keep chooses names in to too. Those are two levels deep.
async function linkAll(from, to, keep) {
  let count = 0
  for (const part of await readdir(from, { withFileTypes: true })) {
    if (!part.isDirectory() || part.name.length !== 2) {
      continue
    }
    await mkdir(join(to, part.name), { recursive: true })
    for (const name of await readdir(join(from, part.name))) {
      const file = join(from, part.name, name)
      if (!await keep(file)) {
        continue
      }
      try {
        await link(file, join(to, part.name, name))
        count++
      } catch (error) {
        if (error.code !== 'EEXIST') {
          throw error
        }
      }
    }
  }
  return count
}

export const restore = entry('setup-go', async () => {
  const patterns = core.getInput('cache-dependency-path', { required: true })
  if (!cache.isFeatureAvailable()) {
    core.info('this runner has no cache: Go\'s caches are not kept')
    return
  }
  const hash = await hashFiles(patterns)
  if (!hash) {
    core.info(`no file matches ${patterns.trim().split('\n').join(', ')}: Go's caches are not kept (cache-dependency-path)`)
    return
  }
  const { results, kept } = await directories()
  // The jobs of a workflow compile different things, so each has its own; at first it takes another's.
  const dependencies = `setup-go-${process.platform}-${process.arch}-${core.getInput('go-version')}-${hash}-`
  const key = dependencies + process.env.GITHUB_JOB
  const found = await cache.restoreCache(kept, key, [dependencies])
  core.setOutput('cache-hit', String(found === key))
  core.saveState(startState, String(Date.now()))
  if (found !== key) {
    core.saveState(keyState, key)
  }
  if (found === undefined) {
    core.info('nothing is kept for these dependencies yet')
    return
  }
  await mkdir(results, { recursive: true })
  const count = await linkAll(builds, results, () => true)
  await rm(builds, { recursive: true, force: true })
  core.info(`restored Go's modules and ${count} files of its build cache`)
})

export const save = entry('setup-go', async () => {
  const key = core.getState(keyState)
  if (!key) {
    return
  }
  const oldest = Number(core.getState(startState)) - usedStep
  const { results, modules, kept } = await directories()
  await mkdir(modules, { recursive: true })
  await mkdir(builds, { recursive: true })
  const count = await linkAll(results, builds, async (file) => {
    const { mtimeMs } = await stat(file)
    return mtimeMs >= oldest && mtimeMs < future
  })
  const id = await cache.saveCache(kept, key)
  if (id !== -1) {
    core.info(`kept Go's modules and ${count} files of its build cache`)
  }
})

// The entry points of cache, cache/restore and cache/save. action.yaml describes the inputs.
import * as cache from '@actions/cache'
import * as core from '@actions/core'
import { entry } from '../../../tools/actions/action.mjs'

// What the main part of cache tells its post part.
const keyState = 'key'
const matchedState = 'matched'

// cacheEntry is an entry point that warns about inputs without an effect.
function cacheEntry(run) {
  return entry('cache', async () => {
    for (const name of ['enableCrossOsArchive', 'save-always']) {
      if (core.getInput(name)) {
        core.warning(`cache: the input '${name}' is not supported here and has no effect`)
      }
    }
    await run()
  })
}

// available tells whether the runner has a cache. A job works without one.
function available() {
  if (cache.isFeatureAvailable()) {
    return true
  }
  core.warning('cache: this runner has no cache: nothing is restored, and nothing is kept')
  return false
}

// find restores what is under the key, or under one of the restore keys, and returns the
// key that was found, if any.
async function find() {
  const key = core.getInput('key', { required: true })
  const paths = core.getMultilineInput('path', { required: true })
  const lookupOnly = core.getBooleanInput('lookup-only')
  const mustBeThere = core.getBooleanInput('fail-on-cache-miss')
  const matched = available()
    ? await cache.restoreCache(paths, key, core.getMultilineInput('restore-keys'), { lookupOnly })
    : undefined
  if (matched === undefined && mustBeThere) {
    throw new Error(`nothing is kept under the key ${key}, and fail-on-cache-miss is true`)
  }
  if (matched === undefined) {
    core.info(`nothing is kept under the key ${key}`)
  } else {
    core.setOutput('cache-hit', String(matched === key))
    core.info(`${lookupOnly ? 'found' : 'restored'} what is kept under the key ${matched}`)
  }
  return { key, matched }
}

// keep saves the paths under a key. The toolkit only warns about a cache that cannot be
// written, or that has the key already.
async function keep(key) {
  const uploadChunkSize = Number(core.getInput('upload-chunk-size')) || undefined
  const id = await cache.saveCache(core.getMultilineInput('path', { required: true }), key, { uploadChunkSize })
  if (id !== -1) {
    core.info(`kept under the key ${key}`)
  }
}

export const restore = cacheEntry(async () => {
  const { key, matched } = await find()
  core.setOutput('cache-primary-key', key)
  core.setOutput('cache-matched-key', matched ?? '')
})

export const save = cacheEntry(async () => {
  const key = core.getInput('key', { required: true })
  if (available()) {
    await keep(key)
  }
})

export const restoreAndRemember = cacheEntry(async () => {
  const { key, matched } = await find()
  core.saveState(keyState, key)
  core.saveState(matchedState, matched ?? '')
})

export const saveRemembered = cacheEntry(async () => {
  const key = core.getState(keyState)
  if (key === core.getState(matchedState)) {
    core.info(`the key ${key} was found: it is not kept again`)
  } else if (key && cache.isFeatureAvailable()) {
    await keep(key)
  }
})

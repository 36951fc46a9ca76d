// The build's cache. The job engine's builder keeps it in the image that is pushed, and nowhere
// else: a later job, which has an engine of its own, reads it from the forge's registry.
import * as core from '@actions/core'
import { createHash } from 'node:crypto'
import { repository } from '../../../../tools/actions/action.mjs'
import { list } from '../../../../tools/actions/docker.mjs'

// parse reads one value of cache-from or cache-to, as buildx has them.
function parse(value) {
  if (!value.includes('=')) return { type: 'registry', ref: value }
  return { type: 'registry', ...Object.fromEntries(value.split(',').map((part) => part.split(/=(.*)/s).slice(0, 2))) }
}

// forgeImage is the name without tag of the first image that goes to the forge's registry.
function forgeImage(tags) {
  const forge = process.env.GITHUB_SERVER_URL?.replace(/^https?:\/\//, '')
  return tags.find((tag) => tag.startsWith(`${forge}/`))?.replace(/(@.*|:[^/:]*)$/, '')
}

// kept is the name under which the cache of a scope and a ref is pushed.
function kept(image, { scope = 'buildkit' }, ref) {
  return `${image}:buildcache-${createHash('sha256').update(`${scope}\n${ref}`).digest('hex').slice(0, 16)}`
}

// readable are the refs whose cache a run reads: its own, the one that a pull request goes to, and
// the default branch.
function readable() {
  const { GITHUB_REF: own, GITHUB_BASE_REF: base } = process.env
  return [...new Set([own, ...[base, repository().default_branch].filter(Boolean).map((branch) => `refs/heads/${branch}`)])]
}

// cacheOptions are the options of a build that reads and keeps the cache as the inputs say, and
// further names under which the image is pushed.
export function cacheOptions(action, tags, push) {
  const image = forgeImage(tags)
  const options = []
  const useless = (input, type, why) => core.warning(`${action}: ${input} with type=${type} has no effect here: ${why}. The image is the same`)
  const alone = 'the job engine\'s builder keeps its cache in the image that is pushed'
  const elsewhere = `${alone}, and no name in tags is one of the forge's registry`
  for (const value of list('cache-from')) {
    const wanted = parse(value)
    if (wanted.type === 'registry') options.push('--cache-from', value)
    else if (wanted.type !== 'gha') useless('cache-from', wanted.type, alone)
    else if (!image) useless('cache-from', 'gha', elsewhere)
    else options.push(...readable().flatMap((ref) => ['--cache-from', `type=registry,ref=${kept(image, wanted, ref)}`]))
  }
  const obstacle = ({ type, ref }) => {
    if (type === 'inline') return ''
    if (!['gha', 'registry'].includes(type)) return alone
    if (!push) return `${alone}, and push is not true`
    if (type === 'gha') return image ? '' : elsewhere
    return ref ? '' : 'it has no ref'
  }
  const wanted = list('cache-to').map(parse).filter((to) => {
    const why = obstacle(to)
    if (why) useless('cache-to', to.type, why)
    return !why
  })
  if (wanted.some(({ mode }) => mode === 'max')) core.warning(`${action}: cache-to with mode=max keeps the layers of the image, and not those of other stages: ${alone}. The image is the same`)
  if (wanted.length > 0) options.push('--cache-to', 'type=inline')
  const places = { gha: (to) => [kept(image, to, process.env.GITHUB_REF)], registry: (to) => [to.ref], inline: () => [] }
  return { options, names: wanted.flatMap((to) => places[to.type](to)) }
}

// The entry point of docker/metadata-action. action.yaml describes the inputs.
import * as core from '@actions/core'
import { entry, repository } from '../../../../tools/actions/action.mjs'
import { list, without } from '../../../../tools/actions/docker.mjs'
import { flavorOf, rulesOf } from './rules.mjs'
import { tagsOf } from './tags.mjs'

// workflow is what the forge says of the run.
function workflow() {
  const { env } = process
  return {
    event: env.GITHUB_EVENT_NAME, ref: env.GITHUB_REF ?? '', commit: env.GITHUB_SHA ?? '', base: env.GITHUB_BASE_REF ?? '',
    repository: repository(), url: `${env.GITHUB_SERVER_URL}/${env.GITHUB_REPOSITORY}`,
    name: (env.GITHUB_REPOSITORY ?? '').split('/').pop(), now: new Date()
  }
}

// labelsOf are, by their names, the labels that the Open Container Initiative has names for, and then the given ones,
// which win.
function labelsOf(run, version, given) {
  const { repository } = run
  const known = {
    title: repository.name ?? run.name, description: repository.description ?? '', url: run.url, source: run.url, version,
    created: run.now.toISOString(), revision: run.commit, licenses: repository.licenses?.[0] ?? ''
  }
  const labels = new Map(Object.entries(known).map(([name, value]) => [`org.opencontainers.image.${name}`, value]))
  for (const line of given) {
    const at = line.indexOf('=')
    labels.set(at < 0 ? line : line.slice(0, at), at < 0 ? '' : line.slice(at + 1))
  }
  return labels
}

// lines writes labels as docker has them.
const lines = (labels, prefix = '') => [...labels].map(([name, value]) => `${prefix}${name}=${value}`)

export const metadata = entry('docker/metadata-action', async () => {
  if (!['', 'workflow'].includes(core.getInput('context'))) throw new Error(`context is '${core.getInput('context')}'; only workflow is supported here`)
  without('docker/metadata-action', ['bake-target'], 'it makes no files for docker buildx bake')
  const run = workflow()
  const { version, tags } = tagsOf(run, rulesOf(list('tags')), flavorOf(list('flavor')))
  // An image's name is in lower case; an owner's need not be.
  const images = list('images').map((line) => line.split(',').map((field) => field.trim()))
    .filter((fields) => !fields.includes('enable=false'))
    .flatMap((fields) => fields.filter((field) => !field.startsWith('enable=')))
    .map((image) => image.replace(/^name=/, '').toLowerCase())
  const names = images.length ? images.flatMap((image) => tags.map((tag) => `${image}:${tag}`)) : tags
  const labels = labelsOf(run, version, list('labels'))
  const annotations = labelsOf(run, version, list('annotations'))
  if (tags.length === 0) core.warning('docker/metadata-action: no rule in tags fits this run: the image has no name')
  const outputs = {
    version, tags: names.join(core.getInput('sep-tags') || '\n'), labels: lines(labels).join(core.getInput('sep-labels') || '\n'),
    annotations: lines(annotations, 'manifest:').join(core.getInput('sep-annotations') || '\n'),
    json: JSON.stringify({ tags: names, labels: Object.fromEntries(labels) })
  }
  for (const [name, value] of Object.entries(outputs)) {
    core.setOutput(name, value)
    core.exportVariable(`DOCKER_METADATA_OUTPUT_${name.toUpperCase()}`, value)
    core.info(`${name}: ${value}`)
  }
})

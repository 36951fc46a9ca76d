// Makes the tags of docker/metadata-action.
import semver from 'semver'

const branch = (run) => run.ref.match(/^refs\/heads\/(.*)$/)?.[1] ?? ''
const tag = (run) => run.ref.match(/^refs\/tags\/(.*)$/)?.[1] ?? ''
const pull = (run) => run.ref.match(/^refs\/pull\/(\d+)\//)?.[1] ?? ''

// clean makes a tag that a registry takes.
const clean = (text) => text.replace(/[^a-zA-Z0-9._-]+/g, '-')

// date writes a time in the letters of the well-known action.
function date(time, format, zone = 'UTC') {
  const parts = Object.fromEntries(new Intl.DateTimeFormat('en-CA', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit'
  }).formatToParts(time).map(({ type, value }) => [type, value]))
  const letters = { YYYY: parts.year, YY: parts.year.slice(2), MM: parts.month, DD: parts.day, HH: parts.hour, mm: parts.minute, ss: parts.second, X: Math.floor(time / 1000) }
  return format.replace(/YYYY|YY|MM|DD|HH|mm|ss|X/g, (letter) => letters[letter])
}

// expand replaces the expressions in a value. more are those of its kind.
export function expand(run, text, more = {}) {
  const main = run.repository.default_branch
  const values = {
    branch: () => branch(run), tag: () => tag(run), sha: () => run.commit.slice(0, 7), base_ref: () => run.base,
    is_default_branch: () => String(main !== undefined && branch(run) === main),
    is_not_default_branch: () => String(main === undefined || branch(run) !== main),
    date: (format = 'YYYYMMDD', zone) => date(run.now, format, zone), ...more
  }
  return text.replace(/\{\{\s*([a-z_]+)((?:\s+(?:tz=)?'[^']*')*)\s*\}\}/gi, (whole, name, rest) => {
    if (!values[name]) throw new Error(`there is no expression ${whole}; write one of ${Object.keys(values).join(', ')}`)
    return values[name](...[...rest.matchAll(/'([^']*)'/g)].map((m) => m[1]))
  })
}

// makers make the tag of a rule, or nothing where it does not fit, and tell whether it is a release.
const makers = {
  schedule: (run, rule) => run.event === 'schedule' && { text: expand(run, rule.pattern ?? 'nightly') },
  semver(run, rule) {
    const from = rule.value ? expand(run, rule.value) : tag(run)
    const version = from && semver.parse(from)
    if (!version) return undefined
    // Of a prerelease there is no 1.2 or 1.
    const before = version.prerelease.length > 0
    const pattern = before && !rule.pattern.includes('{{raw}}') ? '{{version}}' : rule.pattern
    return { text: expand(run, pattern, {
      raw: () => from, version: () => version.version, major: () => version.major, minor: () => version.minor, patch: () => version.patch
    }), release: !before }
  },
  match(run, rule) {
    const from = rule.value ? expand(run, rule.value) : tag(run)
    const [, inner, flags] = rule.pattern.match(/^\/(.*)\/([a-z]*)$/) ?? [, rule.pattern, '']
    const found = from && from.match(new RegExp(inner, flags.replace('g', '')))
    return found ? { text: found[Number(rule.group ?? 0)] ?? '', release: true } : undefined
  },
  edge: (run, rule) => branch(run) && branch(run) === (rule.branch || run.repository.default_branch) && { text: 'edge' },
  ref(run, rule) {
    const texts = { branch: branch(run), tag: tag(run), pr: pull(run) }
    if (!(rule.event in texts)) throw new Error(`a rule of type ref has event=${rule.event}; write branch, tag or pr`)
    return texts[rule.event] && { text: texts[rule.event], release: rule.event === 'tag', prefix: rule.event === 'pr' ? 'pr-' : undefined }
  },
  raw: (run, rule) => ({ text: expand(run, rule.value) }),
  sha: (run, rule) => ({ text: rule.format === 'long' ? run.commit : run.commit.slice(0, 7), prefix: 'sha-' })
}

// tagsOf returns the tags, the most important first, and that one as the image's version.
export function tagsOf(run, rules, flavor) {
  const tags = []
  let latest = flavor.latest === 'true'
  for (const rule of rules) {
    if (expand(run, rule.enable ?? 'true') !== 'true') continue
    const made = makers[rule.type](run, rule)
    if (!made || !made.text) continue
    const prefix = rule.prefix ?? made.prefix
    tags.push(clean(expand(run, prefix ?? flavor.prefix) + made.text + expand(run, rule.suffix ?? flavor.suffix)))
    if (flavor.latest === 'auto' && made.release) latest = true
  }
  const all = [...new Set(tags)]
  const version = all[0] ?? ''
  if (latest) all.push(clean((flavor.prefixLatest ? flavor.prefix : '') + 'latest' + (flavor.suffixLatest ? flavor.suffix : '')))
  return { version, tags: [...new Set(all)] }
}

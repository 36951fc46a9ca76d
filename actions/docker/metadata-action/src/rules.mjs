// Reads the inputs tags and flavor of docker/metadata-action.
import { parse } from 'csv-parse/sync'

// kinds are the kinds of rules: the settings of each beside those of all, and how important a
// tag of it is, as the image's version is that of the most important one.
const kinds = {
  schedule: { priority: 1000, settings: ['pattern'] }, semver: { priority: 900, settings: ['pattern', 'value'] },
  match: { priority: 800, settings: ['pattern', 'value', 'group'] }, edge: { priority: 700, settings: ['branch'] },
  ref: { priority: 600, settings: ['event'] }, raw: { priority: 200, settings: ['value'] }, sha: { priority: 100, settings: ['format'] }
}

// usual are the rules of a step that names none.
const usual = ['type=schedule', 'type=ref,event=branch', 'type=ref,event=tag', 'type=ref,event=pr']

// settings reads name=value pairs. A value may be in quotes.
function settings(line) {
  const [fields] = parse(line, { relax_quotes: true, relax_column_count: true, trim: true })
  return fields.map((field) => {
    const at = field.indexOf('=')
    return at < 0 ? ['', field] : [field.slice(0, at).trim().toLowerCase(), field.slice(at + 1).trim()]
  })
}

// rulesOf reads the rules, the most important first.
export function rulesOf(lines) {
  const rules = (lines.length ? lines : usual).map((line) => {
    const rule = Object.fromEntries(settings(line).map(([name, value]) => name ? [name, value] : ['value', value]))
    rule.type ??= 'raw'
    const kind = kinds[rule.type]
    if (!kind) throw new Error(`tags has '${line}': there is no type ${rule.type} here; write one of ${Object.keys(kinds).join(', ')}`)
    for (const name of Object.keys(rule)) {
      if (!['type', 'enable', 'priority', 'prefix', 'suffix', ...kind.settings].includes(name)) {
        throw new Error(`tags has '${line}': a rule of type ${rule.type} has no ${name}`)
      }
    }
    if (rule.type === 'semver' && !rule.pattern) throw new Error(`tags has '${line}': write a pattern, such as pattern={{version}}`)
    if (rule.type === 'match' && !rule.pattern) throw new Error(`tags has '${line}': write a pattern, a regular expression`)
    if (rule.type === 'raw' && rule.value === undefined) throw new Error(`tags has '${line}': write a value`)
    return { ...rule, priority: Number(rule.priority ?? kind.priority) }
  })
  return rules.sort((a, b) => b.priority - a.priority)
}

// flavorOf reads what all tags have in common.
export function flavorOf(lines) {
  const flavor = { latest: 'auto', prefix: '', prefixLatest: false, suffix: '', suffixLatest: false }
  for (const line of lines) {
    const [[name, value], ...more] = settings(line)
    if (!['latest', 'prefix', 'suffix'].includes(name) || name === 'latest' && !['auto', 'true', 'false'].includes(value)) {
      throw new Error(`flavor has '${line}'; write latest=auto, true or false, prefix=… or suffix=…`)
    }
    flavor[name] = value
    if (name !== 'latest') flavor[`${name}Latest`] = more.some(([n, v]) => n === 'onlatest' && v === 'true')
  }
  return flavor
}

import * as core from '@actions/core'
import { getExecOutput } from '@actions/exec'
import { parse } from 'csv-parse/sync'

// docker runs the docker command and returns what it prints. An error has the end of what it says.
export async function docker(args, { input, silent = false } = {}) {
  const { exitCode, stdout, stderr } = await getExecOutput('docker', args, {
    input: input === undefined ? undefined : Buffer.from(input), silent, ignoreReturnCode: true
  })
  if (exitCode !== 0) {
    const said = stderr.trim().split('\n').slice(-3).join('\n')
    throw new Error(`docker ${args[0]} failed with exit code ${exitCode}: ${said || 'it says nothing'}`)
  }
  return stdout.trim()
}

// list reads an input with one value to a line. commas says whether a comma separates values too.
export function list(name, { commas = false } = {}) {
  const records = parse(core.getInput(name), {
    columns: false, comment: '#', comment_no_infix: true, relax_quotes: true, relax_column_count: true, skip_empty_lines: true
  })
  return records.flatMap((record) => commas ? record : [record.join(',')]).map((value) => value.trim()).filter(Boolean)
}

// flag reads a boolean input that may be empty.
export function flag(name) {
  return core.getInput(name) !== '' && core.getBooleanInput(name)
}

// without warns of inputs that have a value and no effect here.
export function without(action, names, why) {
  for (const name of names) {
    if (core.getInput(name)) core.warning(`${action}: the input '${name}' has no effect here: ${why}`)
  }
}

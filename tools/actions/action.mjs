import * as core from '@actions/core'

// entry makes an entry point of an action: an error fails the step.
export function entry(name, run) {
  return async () => {
    try {
      await run()
    } catch (error) {
      core.setFailed(`${name}: ${error.message}`)
    }
    process.exit() // open connections would keep the process for a while
  }
}

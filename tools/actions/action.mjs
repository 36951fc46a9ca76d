import * as core from '@actions/core'
import { readFileSync } from 'node:fs'

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

// repository is what the forge says of the run's repository; empty if it says nothing.
export function repository() {
  const event = process.env.GITHUB_EVENT_PATH
  return event ? JSON.parse(readFileSync(event, 'utf8')).repository ?? {} : {}
}

// Makes a fresh clone runnable: checks Node's version and installs from the lockfile when it changed. Node only, no dependencies.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

export class Refusal extends Error {}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Refusal(`virtdeck needs Node 20.19 or newer; this is ${process.version}.`)
  }
}

/** Runs `npm ci` unless node_modules already is what the lockfile says. */
export function installIfNeeded() {
  requireNode()
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const stamp = join(root, 'node_modules', '.virtdeck-lock')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  process.stdout.write('Installing packages …\n')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const result = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel', 'error'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (result.status !== 0) throw new Refusal('npm ci failed; its own message stands above.')
  writeFileSync(stamp, lock)
}

/** Runs a program of node_modules/.bin through this Node. Returns its exit code. */
export function runBin(script, args, options = {}) {
  const result = spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], { cwd: root, stdio: 'inherit', ...options })
  return result.status ?? 1
}

/** Runs a command-line entry: a Refusal prints its one sentence and exits 1. */
export async function main(run) {
  try {
    await run()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}

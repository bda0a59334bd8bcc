// Finds a Chromium for the end-to-end tests, and installs one where there is none.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { root } from './install.mjs'

const systemNames = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge']
const fixedPlaces = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium']

function which(name) {
  try {
    return execFileSync(process.platform === 'win32' ? 'where' : 'which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .split('\n')[0]
      .trim()
  } catch {
    return undefined
  }
}

function playwrightsOwn() {
  try {
    const path = createRequire(`${root}/package.json`)('@playwright/test').chromium.executablePath()
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}

/** CHROMIUM_PATH, a system Chromium or Chrome, or Playwright's own; undefined where there is none. */
export function findChromium() {
  const named = process.env.CHROMIUM_PATH
  if (named) return existsSync(named) ? named : undefined
  return systemNames.map(which).find(Boolean) ?? fixedPlaces.find((path) => existsSync(path)) ?? playwrightsOwn()
}

/** Debian as root: apt; else Playwright's installer. Returns the path, or undefined with a sentence on how to get one. */
export function installChromium() {
  if (process.getuid?.() === 0 && which('apt-get')) {
    process.stdout.write('Installing Chromium with apt-get …\n')
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env })
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { stdio: ['ignore', 'ignore', 'inherit'], env })
  } else {
    process.stdout.write("Installing Chromium with Playwright's installer …\n")
    spawnSync(process.execPath, [`${root}/node_modules/@playwright/test/cli.js`, 'install', 'chromium'], { cwd: root, stdio: 'inherit' })
  }
  return findChromium()
}

export const howToGetChromium =
  'No Chromium was found: install Chromium or Chrome, or run `npx playwright install chromium`, or set CHROMIUM_PATH.'

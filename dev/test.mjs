// `npm test`: everything, in the order of what fails fastest. Its last line is `N passed, N failed, N skipped`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { buildIfStale } from './build.mjs'
import { findChromium, howToGetChromium, installChromium } from './chromium.mjs'
import { installIfNeeded, main, root, runBin } from './install.mjs'

const results = join(root, 'test-results')
const totals = { passed: 0, failed: 0, skipped: 0 }

function count(name, { passed, failed, skipped = 0 }) {
  totals.passed += passed
  totals.failed += failed
  totals.skipped += skipped
  process.stdout.write(`\n— ${name}: ${passed} passed, ${failed} failed, ${skipped} skipped\n`)
}

function step(name, script, args) {
  const failed = runBin(script, args) === 0 ? 0 : 1
  count(name, { passed: 1 - failed, failed })
}

function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}

function vitest(project) {
  const out = join(results, `vitest-${project}.json`)
  const code = runBin('vitest/vitest.mjs', ['run', '--project', project, '--reporter=dot', '--reporter=json', `--outputFile.json=${out}`])
  const report = readJson(out)
  // A run that ended badly without a failed test (a suite that did not load, an unhandled rejection) counts as one failure.
  const failed = report?.numFailedTests ?? 0
  count(project, {
    passed: report?.numPassedTests ?? 0,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
  })
}

function playwright() {
  const executable = findChromium() ?? installChromium()
  if (!executable) {
    process.stdout.write(`${howToGetChromium}\n`)
    count('e2e', { passed: 0, failed: 1 })
    return
  }
  const out = join(results, 'playwright.json')
  const env = { ...process.env, CHROMIUM_PATH: executable, PLAYWRIGHT_JSON_OUTPUT_NAME: out }
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules/@playwright/test/cli.js'), 'test', '--reporter=line,json'], {
    cwd: root,
    stdio: 'inherit',
    env,
  })
  const stats = readJson(out)?.stats
  const failed = stats?.unexpected ?? 0
  const flaky = stats?.flaky ?? 0
  if (flaky > 0) process.stdout.write(`\n${flaky} end-to-end tests passed at the second try only; their names stand above.\n`)
  count('e2e', { passed: (stats?.expected ?? 0) + flaky, failed: failed === 0 && status !== 0 ? 1 : failed, skipped: stats?.skipped ?? 0 })
}

await main(async () => {
  installIfNeeded()
  rmSync(results, { recursive: true, force: true })
  mkdirSync(results, { recursive: true })
  step('format', 'oxfmt/bin/oxfmt', ['--check'])
  step('lint', 'oxlint/bin/oxlint', ['--type-aware'])
  step('types', 'typescript/bin/tsc', ['--noEmit'])
  await buildIfStale()
  for (const project of ['unit', 'contract', 'repo', 'integration']) vitest(project)
  playwright()
  process.exitCode = totals.failed === 0 ? 0 : 1
  process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`)
})

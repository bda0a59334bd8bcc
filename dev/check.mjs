// `npm run check`: format, lint, types, unit and in-process contract tests; what spawns kubectl or a browser is not in it.
import { installIfNeeded, main, runBin } from './install.mjs'

await main(() => {
  installIfNeeded()
  const steps = [
    ['oxfmt/bin/oxfmt', ['--check']],
    ['oxlint/bin/oxlint', ['--type-aware']],
    ['typescript/bin/tsc', ['--noEmit']],
    ['vitest/vitest.mjs', ['run', '--project', 'unit', '--project', 'contract', '--reporter=dot']],
  ]
  process.exitCode = steps.every(([script, args]) => runBin(script, args) === 0) ? 0 : 1
})

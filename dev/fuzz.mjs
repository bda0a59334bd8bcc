// `npm run fuzz`: every property of server, pages and packages, a million times each (FUZZ_RUNS says otherwise; a test that names a number of
// its own keeps it), and the tests that have a size at full size.
import { installIfNeeded, main, runBin } from './install.mjs'

const pure = ['apps/server/src', 'apps/web/src', 'packages/k8s/src', 'packages/kubevirt/src']
const overSockets = [
  'apps/server/src/k8s/spoofed-headers',
  'apps/server/src/process',
  'apps/server/src/connections',
  'apps/server/src/upgrade',
  'apps/server/src/consoles/floods',
  'apps/server/src/web/static',
  'dev/consoles',
]

// However long a million takes here; a test that says a time of its own keeps it.
const dayMs = 86_400_000

await main(() => {
  installIfNeeded()
  const env = { ...process.env, FUZZ_RUNS: process.env.FUZZ_RUNS ?? '1000000' }
  const run = (project, tests) =>
    runBin('vitest/vitest.mjs', ['run', '--project', project, '--testTimeout', String(dayMs), ...tests], { env })
  const failed = [run('unit', pure), run('integration', overSockets)].filter((code) => code !== 0)
  process.exitCode = failed.length === 0 ? 0 : 1
})

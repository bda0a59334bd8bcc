// `npm run fuzz`: the properties of server and pages, a million times each (FUZZ_RUNS says otherwise), and the tests that have a size at full
// size.
import { installIfNeeded, main, runBin } from './install.mjs'

const pure = [
  'apps/server/src/k8s/gate',
  'apps/server/src/auth',
  'apps/server/src/audit',
  'apps/server/src/consoles/frames',
  'apps/server/src/inventory/reflector',
  'apps/server/src/inventory/visibility',
  'apps/web/src/components/fleet/csv',
  'apps/web/src/features/sign-in/return-path',
  'apps/web/src/util',
]
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
const hourMs = 3_600_000

await main(() => {
  installIfNeeded()
  const env = { ...process.env, FUZZ_RUNS: process.env.FUZZ_RUNS ?? '1000000' }
  const run = (project, tests) =>
    runBin('vitest/vitest.mjs', ['run', '--project', project, '--testTimeout', String(hourMs), ...tests], { env })
  const failed = [run('unit', pure), run('integration', overSockets)].filter((code) => code !== 0)
  process.exitCode = failed.length === 0 ? 0 : 1
})

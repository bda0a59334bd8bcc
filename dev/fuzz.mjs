// `npm run fuzz`: the server's properties, a million times each (FUZZ_RUNS says otherwise), and its tests that have a size at full size.
import { installIfNeeded, main, runBin } from './install.mjs'

const pure = ['apps/server/src/k8s/gate', 'apps/server/src/auth', 'apps/server/src/consoles/frames']
const overSockets = [
  'apps/server/src/k8s/spoofed-headers',
  'apps/server/src/process',
  'apps/server/src/connections',
  'apps/server/src/upgrade',
  'apps/server/src/consoles/floods',
  'apps/server/src/web/static',
  'dev/consoles',
]

await main(() => {
  installIfNeeded()
  const env = { ...process.env, FUZZ_RUNS: process.env.FUZZ_RUNS ?? '1000000' }
  const run = (project, tests) => runBin('vitest/vitest.mjs', ['run', '--project', project, ...tests], { env })
  const failed = [run('unit', pure), run('integration', overSockets)].filter((code) => code !== 0)
  process.exitCode = failed.length === 0 ? 0 : 1
})

// `npm run fuzz`: the server's properties, a million times each; FUZZ_RUNS says otherwise.
import { installIfNeeded, main, runBin } from './install.mjs'

await main(() => {
  installIfNeeded()
  const runs = process.env.FUZZ_RUNS ?? '1000000'
  const tests = ['apps/server/src/k8s/gate', 'apps/server/src/auth']
  process.exitCode = runBin('vitest/vitest.mjs', ['run', '--project', 'unit', ...tests], {
    env: { ...process.env, FUZZ_RUNS: runs },
  })
})

// `npm run fuzz`: the server's and the sign-in page's properties, a million times each; FUZZ_RUNS says otherwise.
import { installIfNeeded, main, runBin } from './install.mjs'

await main(() => {
  installIfNeeded()
  const runs = process.env.FUZZ_RUNS ?? '1000000'
  const tests = ['apps/server/src/k8s/gate', 'apps/server/src/auth', 'apps/web/src/features/sign-in']
  process.exitCode = runBin('vitest/vitest.mjs', ['run', '--project', 'unit', '--testTimeout', '3600000', ...tests], {
    env: { ...process.env, FUZZ_RUNS: runs },
  })
})

import { defineConfig } from 'vitest/config'

const node = { environment: 'node' as const }

// unit and contract run in process and in seconds; integration starts servers and, where installed, kubectl.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...node,
          name: 'unit',
          setupFiles: process.env['FUZZ_RUNS'] ? ['dev/fuzz-runs.ts'] : [],
          include: ['{packages,apps}/*/src/**/*.test.{ts,tsx}', 'dev/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['**/*.contract.test.ts', '**/*.integration.test.ts', 'test/repo.test.ts', '**/node_modules/**'],
        },
      },
      { test: { ...node, name: 'contract', include: ['packages/sim-cluster/**/*.contract.test.ts'], testTimeout: 20_000 } },
      {
        test: {
          ...node,
          name: 'integration',
          retry: process.env['CI'] ? 1 : 0,
          include: ['{apps,dev,packages}/**/*.integration.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { ...node, name: 'repo', include: ['test/repo.test.ts'], testTimeout: 120_000 } },
    ],
  },
})

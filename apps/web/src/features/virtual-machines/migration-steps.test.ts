import type { VirtualMachineInstanceMigration } from '@virtdeck/k8s'
import { currentMigration } from '@virtdeck/kubevirt'
import { expect, test } from 'vitest'
import { migrationProgress } from './migration-steps.ts'

type Status = NonNullable<VirtualMachineInstanceMigration['status']>

function migration(
  phases: [phase: string, second: number][],
  state: Status['migrationState'] = {},
  name = 'web-01-a',
): VirtualMachineInstanceMigration {
  return {
    metadata: { name, uid: `uid-${name}`, namespace: 'team-a', resourceVersion: '1', creationTimestamp: at(0) },
    spec: { vmiName: 'web-01' },
    status: {
      phase: phases.at(-1)?.[0],
      migrationState: state,
      phaseTransitionTimestamps: phases.map(([phase, second]) => ({ phase, phaseTransitionTimestamp: at(second) })),
    },
  }
}

const at = (second: number) => new Date(Date.UTC(2026, 10, 20, 10, 0, second)).toISOString()
const states = (progress: { steps: { id: string; state: string }[] }) => progress.steps.map((step) => step.state).join(' ')

test('a migration goes from scheduled over copying to the switch [F118, F121]', () => {
  expect(states(migrationProgress(migration([['Pending', 0]])))).toBe('now todo todo todo')
  expect(
    states(
      migrationProgress(
        migration([
          ['Pending', 0],
          ['Scheduling', 0],
        ]),
      ),
    ),
  ).toBe('now todo todo todo')
  expect(
    states(
      migrationProgress(
        migration([
          ['Pending', 0],
          ['Scheduled', 2],
        ]),
      ),
    ),
  ).toBe('done now todo todo')

  const copying = migration(
    [
      ['Pending', 0],
      ['Scheduled', 2],
      ['PreparingTarget', 2],
      ['TargetReady', 5],
      ['Running', 6],
    ],
    { sourceNode: 'node-1', targetNode: 'node-2' },
  )
  const progress = migrationProgress(copying)
  expect(states(progress)).toBe('done done now todo')
  expect(progress).toMatchObject({ outcome: 'moving', sourceNode: 'node-1', targetNode: 'node-2', percent: 50 })
  expect(progress.steps.map((step) => step.tookSeconds)).toEqual([2, 3, undefined, undefined])

  copying.status!.migrationState!.targetNodeDomainReadyTimestamp = at(12)
  expect(states(migrationProgress(copying))).toBe('done done done now')
})

test('a finished migration has taken all its steps, also when a phase went by unseen', () => {
  const progress = migrationProgress(
    migration(
      [
        ['Pending', 0],
        ['Succeeded', 20],
      ],
      { endTimestamp: at(20), completed: true },
    ),
  )
  expect(states(progress)).toBe('done done done done')
  expect(progress).toMatchObject({ outcome: 'succeeded', percent: 100 })
})

test('a failed migration says where it stopped, and why in the words of the cluster', () => {
  const progress = migrationProgress(
    migration(
      [
        ['Pending', 0],
        ['Scheduled', 1],
        ['Running', 3],
        ['Failed', 9],
      ],
      { failed: true, failureReason: 'Live migration stuck' },
    ),
  )
  expect(states(progress)).toBe('done done failed todo')
  expect(progress).toMatchObject({ outcome: 'failed', failureReason: 'Live migration stuck' })
})

test('an aborted migration is cancelling until it has ended [F120]', () => {
  expect(
    migrationProgress(
      migration(
        [
          ['Pending', 0],
          ['Running', 3],
        ],
        { abortRequested: true },
      ),
    ).outcome,
  ).toBe('cancelling')
})

test('the migration under way comes before one that has ended', () => {
  const old = migration([['Succeeded', 1]], {}, 'old')
  const running = migration([['Running', 1]], {}, 'running')
  old.metadata.creationTimestamp = at(30)
  expect(currentMigration([old, running])).toBe(running)
  expect(currentMigration([old])).toBe(old)
  expect(currentMigration([])).toBeUndefined()
})

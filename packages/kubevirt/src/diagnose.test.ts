import type { DataVolume, Pod, VirtualMachine, VirtualMachineInstance, VirtualMachineInstanceMigration } from '@virtdeck/k8s'
import { describe, expect, test } from 'vitest'
import { captured, withoutCaptures } from './captures.testing.ts'
import { explainCondition } from './conditions.ts'
import { diagnose, diagnoses } from './diagnose.ts'
import { migrationWords } from './migrations.ts'
import { nameProblem } from './names.ts'
import { statusWords, vmState } from './vm-state.ts'

const meta = { name: 'web', namespace: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-11-20T10:00:00Z' }
const vm = (printableStatus: string, conditions: object[] = []) =>
  ({
    metadata: meta,
    spec: { runStrategy: 'Always', template: { spec: { domain: { devices: {} } } } },
    status: { printableStatus, conditions },
  }) as unknown as VirtualMachine
const vmi = (conditions: object[] = []) =>
  ({
    metadata: meta,
    spec: { domain: { devices: {} } },
    status: {
      phase: 'Running',
      conditions,
      phaseTransitionTimestamps: [{ phase: 'Running', phaseTransitionTimestamp: '2026-11-20T10:00:00Z' }],
    },
  }) as unknown as VirtualMachineInstance
const connected = { type: 'AgentConnected', status: 'True' }

describe('diagnose', () => {
  test.skipIf(withoutCaptures).each([
    [
      'ps-unsched',
      'No node can take it.',
      'Too little CPU (3 nodes). It starts by itself as soon as there is room.',
      /Unschedulable · 0\/3 nodes/,
    ],
    [
      'ps-nodv',
      'A disk that it names does not exist.',
      'It starts by itself as soon as the disk is there.',
      /FailedPvcNotFound · PVC team-a\/nosuch/,
    ],
    ['ps-crashloop', 'It failed 2 times in a row before it ran.', /until it is stopped/, /Next try after 2026-11-20T23:22:57Z/],
    ['ps-errimage', 'The image of a disk could not be fetched.', /growing intervals/, /ErrImagePull/],
    ['ps-noit', 'Its instance type does not exist.', /^$/, /"nosuch" not found/],
  ])('%s: says why it does not run, with the cluster’s own words as evidence', (name, title, body, evidence) => {
    const found = diagnose({ vm: captured<VirtualMachine>(`lifecycle/${name}.json`) })
    expect(found).toMatchObject({ tone: 'error', title })
    expect(found?.body ?? '').toMatch(body)
    expect(found?.evidence[0]?.text).toMatch(evidence)
  })

  test.skipIf(withoutCaptures)('says that a change waits for a restart, and offers it', () => {
    const found = diagnose({
      vm: captured('lifecycle/30-vm-with-RestartRequired.json'),
      vmi: captured('lifecycle/05-get-vmi-running.json'),
    })
    expect(found).toMatchObject({ tone: 'warning', title: 'A change waits for a restart.', fix: { verb: 'restart' } })
  })

  test.skipIf(withoutCaptures)('has nothing to say of a VM that is well', () => {
    expect(
      diagnoses({ vm: captured('lifecycle/04-get-vm-running.json'), vmi: captured('lifecycle/05-get-vmi-running.json'), now: Date.now() }),
    ).toEqual([])
    expect(diagnose({})).toBeUndefined()
  })

  test('shows the message of the container that cannot be pulled', () => {
    const pod = {
      status: { containerStatuses: [{ name: 'volumeroot', state: { waiting: { reason: 'ErrImagePull', message: 'manifest unknown' } } }] },
    } as unknown as Pod
    expect(diagnose({ vm: vm('ErrImagePull'), pods: [pod] })?.evidence).toEqual([
      { state: 'error', name: 'volumeroot', text: 'ErrImagePull: manifest unknown' },
    ])
  })

  test('shows what the importer says of a disk that will not fill', () => {
    const dv = {
      metadata: { ...meta, name: 'web-root' },
      status: {
        phase: 'ImportInProgress',
        restartCount: 3,
        conditions: [{ type: 'Running', status: 'False', reason: 'Error', message: 'Unable to connect to http data source: 404' }],
      },
    } as unknown as DataVolume
    expect(diagnose({ vm: vm('Provisioning'), dataVolumes: [dv] })?.evidence).toEqual([
      { state: 'warning', name: 'web-root', text: 'Unable to connect to http data source: 404 (3 restarts)' },
    ])
  })

  test('explains why it cannot live-migrate [F122]', () => {
    const blocked = { type: 'LiveMigratable', status: 'False', reason: 'DisksNotLiveMigratable', message: 'PVC data is not shared' }
    const found = diagnose({ vm: vm('Running'), vmi: vmi([connected, blocked]) })
    expect(found).toMatchObject({ tone: 'warning', title: 'It can’t live-migrate.' })
    expect(found?.body).toContain('A disk can be used on one node only')
    expect(found?.evidence).toEqual([
      { state: 'warning', name: 'LiveMigratable', text: 'False · DisksNotLiveMigratable · PVC data is not shared' },
    ])
  })

  test('tells of the last migration if it failed, not of an older one', () => {
    const migration = (phase: string, creationTimestamp: string) =>
      ({
        metadata: { ...meta, creationTimestamp },
        spec: {},
        status: { phase, migrationState: { failureReason: 'target node is out of memory' } },
      }) as unknown as VirtualMachineInstanceMigration
    const failed = migration('Failed', '2026-11-20T11:00:00Z')
    expect(diagnose({ vm: vm('Running'), vmi: vmi([connected]), migrations: [failed] })).toMatchObject({
      fix: { verb: 'migrate' },
      evidence: [{ text: 'target node is out of memory' }],
    })
    expect(
      diagnose({ vm: vm('Running'), vmi: vmi([connected]), migrations: [failed, migration('Succeeded', '2026-11-20T12:00:00Z')] }),
    ).toBeUndefined()
  })

  test('waits five minutes before it misses the guest agent', () => {
    const started = Date.parse('2026-11-20T10:00:00Z') / 1000
    expect(diagnose({ vm: vm('Running'), vmi: vmi(), now: started + 60 })).toBeUndefined()
    expect(diagnose({ vm: vm('Running'), vmi: vmi(), now: started + 600 })?.title).toBe('The guest agent does not answer.')
    expect(diagnose({ vm: vm('Running'), vmi: vmi() })).toBeUndefined()
  })

  test('puts what stops it before what only bothers it', () => {
    const conditions = [
      { type: 'Paused', status: 'True', reason: 'PausedIOError', message: 'I/O error' },
      { type: 'LiveMigratable', status: 'False', reason: 'x', message: 'y' },
    ]
    expect(diagnoses({ vm: vm('Paused'), vmi: vmi(conditions) }).map(({ tone }) => tone)).toEqual(['error', 'warning'])
  })
})

test('explains conditions by reason, else by type, else by what they are called', () => {
  expect(explainCondition({ type: 'LiveMigratable', status: 'False', reason: 'DisksNotLiveMigratable' })).toBe(
    'A disk can be used on one node only, so it cannot move while it runs.',
  )
  expect(explainCondition({ type: 'LiveMigratable', status: 'True' })).toBe('It can move to another node while it runs.')
  expect(explainCondition({ type: 'Paused', status: 'True', reason: 'PausedByUser' })).toBe('Someone paused it.')
  expect(explainCondition({ type: 'Sparkling', status: 'True' })).toBe('Sparkling holds.')
  expect(explainCondition({ type: 'Ready', status: 'Unknown' })).toBe('KubeVirt does not know at the moment.')
})

test.each([
  ['web-01', undefined],
  ['a', undefined],
  ['0', undefined],
  ['', 'A name is needed.'],
  ['Web', 'Lower-case letters only.'],
  ['web_01', 'Letters a to z, digits and hyphens only.'],
  ['web.01', 'Letters a to z, digits and hyphens only.'],
  ['-web', 'The first character is a letter or a digit.'],
  ['web-', 'The last character is a letter or a digit.'],
  ['a'.repeat(64), 'At most 63 characters.'],
])('the name %j: %s', (name, problem) => {
  expect(nameProblem(name)).toBe(problem)
})

test.each(['constructor', '__proto__', 'toString'])(
  'explains a condition, a reason and a status named %s as ones that nobody knows [X-14]',
  (word) => {
    expect(explainCondition({ type: word, status: 'True' })).toBe(`${word} holds.`)
    expect(explainCondition({ type: 'Ready', status: 'False', reason: word })).toBe(explainCondition({ type: 'Ready', status: 'False' }))
    expect(vmState({ status: word })).toBe('unknown')
    expect(statusWords({ status: word })).toBe(word)
    expect(migrationWords(word)).toBe(word)
  },
)

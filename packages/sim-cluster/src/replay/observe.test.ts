import { expect, test } from 'vitest'
import { compareExchange, compareWatch, eventsSaid, lives } from './observe.ts'

const answer = (headers: Record<string, string>, body: unknown, status = 200) => ({ status, headers, body })

test('compares status, the headers that clients act on, and JSON whatever its spacing', () => {
  const recorded = answer({ 'Content-Type': 'application/json', Date: 'Fri' }, { code: 409 }, 409)
  expect(compareExchange(recorded, answer({ 'content-type': 'application/json' }, '{\n "code": 409\n}', 409), [])).toEqual([])
  const paths = compareExchange(recorded, answer({ 'content-type': 'text/plain' }, '{"code":404}', 404), []).map(({ path }) => path)
  expect(paths).toEqual(['status', 'headers.content-type', 'body.code'])
})

test('leaves out entries that only one side has by design, and their order', () => {
  const recorded = answer({}, { resources: [{ name: 'pods/log' }, { name: 'pods' }, { name: 'nodes' }] })
  const answered = answer({}, { resources: [{ name: 'nodes' }, { name: 'pods' }] })
  expect(compareExchange(recorded, answered, [], ['pods/log'])).toEqual([])
  expect(compareExchange(recorded, answered, [], ['other'])).not.toEqual([])
})

const vm = (type: string, printableStatus: string) => ({
  type,
  object: { kind: 'VirtualMachine', metadata: { name: 'vm1' }, status: { printableStatus } },
})

test('tells a life by its milestones, and a second object of the same name from the first', () => {
  const lines = [
    vm('ADDED', 'Stopped'),
    vm('MODIFIED', 'Stopped'),
    vm('MODIFIED', 'Running'),
    vm('DELETED', 'Running'),
    vm('ADDED', 'Stopped'),
  ]
  expect(lives(lines)).toEqual([{ life: ['Stopped', 'Running', 'DELETED'] }, { life: ['Stopped'] }])
})

test('a watch that skips a state is another watch', () => {
  const stream = (lines: unknown[]) => ({ status: 200, headers: {}, lines })
  const recorded = stream([vm('ADDED', 'Stopped'), vm('MODIFIED', 'Starting'), vm('MODIFIED', 'Running')])
  const answered = stream([vm('ADDED', 'Stopped'), vm('MODIFIED', 'Running')])
  expect(compareWatch(recorded, answered, { as: 'lives', ignore: [] })).not.toEqual([])
})

test("says each of virt-controller's events once, generated names aside", () => {
  const event = (name: string, component = 'virtualmachine-controller') => ({
    type: 'ADDED',
    object: {
      source: { component },
      metadata: { creationTimestamp: '2026-11-20T23:05:00Z' },
      involvedObject: { kind: 'VirtualMachineInstance' },
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: `Created virtual machine pod virt-launcher-vm1-${name}`,
    },
  })
  expect(eventsSaid([event('mlbpq'), event('k6g5q'), event('jvfdm', 'virt-handler')])).toEqual([
    'Normal VirtualMachineInstance SuccessfulCreate: Created virtual machine pod virt-launcher-vm1-RANDOM',
  ])
})

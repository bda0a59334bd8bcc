// What a real API server answered, recorded beside the repository: skipped where it is not there.
// oxlint-disable-next-line no-restricted-imports -- reads files, as only a test may
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { rulesAllow, type SubjectRulesReviewStatus } from './access.ts'
import { statusOfResponse } from './status.ts'
import { decodeWatchStream } from './watch.ts'

const root = new URL('../../../../shared/captures/', import.meta.url)
const filesOf = (folder: string, ending: string) =>
  existsSync(root) ? readdirSync(new URL(folder, root)).filter((name) => name.endsWith(ending)) : []

type Capture = { request: { path: string }; response: { status: number; body: unknown } }
const capture = (path: string) => JSON.parse(readFileSync(new URL(path, root), 'utf8')) as Capture

describe.skipIf(!existsSync(root))('recorded answers', () => {
  test.each(filesOf('watch/', '.ndjson'))('every line of watch %s is an event', async (name) => {
    const bytes = readFileSync(new URL(`watch/${name}`, root))
    let events = 0
    for await (const _ of decodeWatchStream([bytes.subarray(0, 1000), bytes.subarray(1000)])) events++
    expect(events).toBe(bytes.toString().trim().split('\n').length)
  })

  test.each(filesOf('errors/', '.ndjson'))('%s holds an ERROR event, which is an event like others', async (name) => {
    const types: string[] = []
    for await (const { type } of decodeWatchStream([readFileSync(new URL(`errors/${name}`, root))])) types.push(type)
    expect(types).toEqual(['ERROR'])
  })

  test('every refusal becomes a Status with its code, a reason and a message', () => {
    const refusals = [
      ...filesOf('errors/', '.json').map((name) => `errors/${name}`),
      ...filesOf('subresources/', '.json').map((name) => `subresources/${name}`),
    ]
      .map((path) => ({ path, response: capture(path).response }))
      .filter(({ response }) => response.status >= 400)
    expect(refusals.length).toBeGreaterThan(50)
    for (const { path, response } of refusals) {
      const text = typeof response.body === 'string' ? response.body : JSON.stringify(response.body)
      const status = statusOfResponse(response.status, text)
      expect(status, path).toMatchObject({ kind: 'Status', status: 'Failure', code: response.status })
      expect(status.message, path).toBeTruthy()
    }
  })

  test.each([
    ['alice', 'update', 'virtualmachines', 'start', true],
    ['alice', 'get', 'virtualmachineinstances', 'console', true],
    ['alice', 'update', 'virtualmachines', 'migrate', false],
    ['viewer', 'get', 'virtualmachineinstances', 'vnc', false],
    ['operator', 'update', 'virtualmachines', 'migrate', true],
    ['admin', 'delete', 'anything', 'at-all', true],
  ])('the recorded rules of %s answer %s %s/%s with %s, as the API server did', (user, verb, resource, subresource, allowed) => {
    const { status } = capture(`authz/ssrr-${user}.json`).response.body as { status: SubjectRulesReviewStatus }
    expect(rulesAllow(status, { verb, group: 'subresources.kubevirt.io', resource, subresource })).toBe(allowed)
  })
})

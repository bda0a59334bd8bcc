import { describe, expect, test } from 'vitest'
import { createClient } from './client.ts'
import { resources } from './resources.ts'
import { StatusError, failure } from './status.ts'

type Sent = { url: string; method: string | undefined; headers: Headers; body: unknown }

/** A client over a fetch that answers the same to everything and keeps what it was sent. */
function clientOf(answer: () => Response) {
  const sent: Sent[] = []
  const k8s = createClient({
    baseUrl: '/k8s',
    headers: { 'x-kvd-csrf': 'token' },
    fetch: async (url, { method, headers, body }) => {
      sent.push({ url, method, headers: new Headers(headers), body: typeof body === 'string' ? JSON.parse(body) : undefined })
      return answer()
    },
  })
  return { k8s, sent, only: () => sent[0] as Sent }
}

const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })

describe('createClient', () => {
  test('lists with its selectors and its namespace', async () => {
    const { k8s, only } = clientOf(() => json({ items: [] }))
    await k8s.list(resources.virtualMachines, { namespace: 'team-a', labelSelector: 'app=web,tier in (a,b)', limit: 500 })
    expect(only().url).toBe(
      '/k8s/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines?labelSelector=app%3Dweb%2Ctier+in+%28a%2Cb%29&limit=500',
    )
    expect(only().headers.get('accept')).toBe('application/json')
    expect(only().headers.get('x-kvd-csrf')).toBe('token')
  })

  test('creates in the object’s namespace, with kind and version filled in', async () => {
    const { k8s, only } = clientOf(() => json({}, 201))
    await k8s.create(resources.secrets, { metadata: { name: 'login', namespace: 'team-a' } }, { dryRun: true })
    expect(only()).toMatchObject({
      url: '/k8s/api/v1/namespaces/team-a/secrets?dryRun=All',
      method: 'POST',
      body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login' } },
    })
  })

  test.each([
    ['merge', 'application/merge-patch+json', ''],
    ['json', 'application/json-patch+json', ''],
    ['apply', 'application/apply-patch+yaml', '?fieldManager=virtdeck&force=true'],
  ] as const)('patches by %s', async (type, contentType, query) => {
    const { k8s, only } = clientOf(() => json({}))
    const options = type === 'apply' ? { type, fieldManager: 'virtdeck', force: true } : { type }
    await k8s.patch(resources.virtualMachines, { namespace: 'a', name: 'web' }, {}, options)
    expect(only().headers.get('content-type')).toBe(contentType)
    expect(only().url).toBe(`/k8s/apis/kubevirt.io/v1/namespaces/a/virtualmachines/web${query}`)
  })

  test('deletes the object of this uid only', async () => {
    const { k8s, only } = clientOf(() => json({ kind: 'Status', status: 'Success' }))
    await k8s.delete(resources.virtualMachines, { namespace: 'a', name: 'web' }, { uid: 'u1', propagationPolicy: 'Foreground' })
    expect(only().body).toEqual({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'u1' }, propagationPolicy: 'Foreground' })
  })

  test('accepts anything from virt-api, which answers its verbs with nothing', async () => {
    const { k8s, only } = clientOf(() => new Response(null, { status: 202 }))
    const answer = await k8s.request('PUT', '/apis/subresources.kubevirt.io/v1/namespaces/a/virtualmachines/web/start', {})
    expect(answer).toBeUndefined()
    expect(only().headers.get('accept')).toBe('*/*')
  })

  test('throws the Status that the API server answered', async () => {
    const forbidden = failure(403, 'virtualmachines.kubevirt.io is forbidden')
    const { k8s } = clientOf(() => json(forbidden, 403))
    await expect(k8s.get(resources.virtualMachines, { namespace: 'a', name: 'web' })).rejects.toMatchObject({
      status: forbidden,
      code: 403,
    })
  })

  test('throws a StatusError for plain text, too', async () => {
    const { k8s } = clientOf(() => new Response('404 page not found\n', { status: 404, headers: { 'content-type': 'text/plain' } }))
    await expect(k8s.request('GET', '/apis/nothing/v1')).rejects.toMatchObject({ status: { code: 404, reason: 'NotFound' } })
  })

  test('throws 503 where nobody answers', async () => {
    const { k8s } = clientOf(() => {
      throw new TypeError('anything at all')
    })
    await expect(k8s.request('GET', '/version')).rejects.toMatchObject({ code: 503 })
  })

  test('throws where JSON was announced and something else came', async () => {
    const { k8s } = clientOf(() => new Response('{"items":[', { headers: { 'content-type': 'application/json' } }))
    await expect(k8s.request('GET', '/version')).rejects.toBeInstanceOf(StatusError)
  })

  test('leaves an abort to whoever aborted', async () => {
    const { k8s } = clientOf(() => {
      throw new DOMException('stop', 'AbortError')
    })
    await expect(k8s.request('GET', '/version')).rejects.toMatchObject({ name: 'AbortError' })
  })
})

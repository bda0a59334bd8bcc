import { describe, expect, test } from 'vitest'
import type { Status } from '@virtdeck/k8s'
import { startTestApiServer, type TestApiServer } from '../testing/test-api-server.ts'

const configMaps = '/api/v1/namespaces/team-a/configmaps'
const vms = '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines'

const configMap = (name: string, labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data: {},
})
const create = (server: TestApiServer, name: string, labels?: Record<string, string>) =>
  server.request('admin', 'POST', configMaps, { body: configMap(name, labels) })
const label = (server: TestApiServer, name: string, labels: Record<string, string | null>) =>
  server.request('admin', 'PATCH', `${configMaps}/${name}`, { body: { metadata: { labels } }, contentType: 'application/merge-patch+json' })

describe('watch', () => {
  test('without a version starts with what exists, then follows changes', async () => {
    await using server = await startTestApiServer()
    await create(server, 'one')
    await using stream = await server.watch('admin', `${configMaps}?watch=1`)
    expect(stream.response.headers['content-type']).toBe('application/json')
    expect(await stream.next()).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'one' } } })
    await label(server, 'one', { tier: 'gold' })
    expect(await stream.next()).toMatchObject({ type: 'MODIFIED', object: { metadata: { labels: { tier: 'gold' } } } })
    await server.request('admin', 'DELETE', `${configMaps}/one`)
    expect(await stream.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'one' } } })
  })

  test('from the version of a list loses nothing in between', async () => {
    await using server = await startTestApiServer()
    const { metadata } = (await server.request('admin', 'GET', configMaps)).json<{ metadata: { resourceVersion: string } }>()
    await create(server, 'one')
    await create(server, 'two')
    await using stream = await server.watch('admin', `${configMaps}?watch=1&resourceVersion=${metadata.resourceVersion}`)
    expect((await stream.next())?.object).toMatchObject({ metadata: { name: 'one' } })
    expect((await stream.next())?.object).toMatchObject({ metadata: { name: 'two' } })
  })

  test('shows an object that leaves a label selector as DELETED in its last matching shape', async () => {
    await using server = await startTestApiServer()
    await create(server, 'one', { app: 'web' })
    await using stream = await server.watch('admin', `${configMaps}?watch=1&labelSelector=app%3Dweb`)
    expect((await stream.next())?.type).toBe('ADDED')
    await label(server, 'one', { app: 'db' })
    expect(await stream.next()).toMatchObject({ type: 'DELETED', object: { metadata: { labels: { app: 'web' } } } })
    await label(server, 'one', { app: 'web' })
    expect(await stream.next()).toMatchObject({ type: 'ADDED', object: { metadata: { labels: { app: 'web' } } } })
  })

  test('answers a version that is no longer in the window with one ERROR event of code 410, and ends', async () => {
    await using server = await startTestApiServer({ watchCacheCapacity: 3 })
    const start = server.storage.revision()
    for (const name of ['a', 'b', 'c', 'd', 'e']) await create(server, name)
    await using stream = await server.watch('admin', `${configMaps}?watch=1&resourceVersion=${start}`)
    expect(stream.response.statusCode).toBe(200)
    const event = await stream.next()
    expect(event?.type).toBe('ERROR')
    const status = event?.object as unknown as Status
    expect(status).toMatchObject({ kind: 'Status', reason: 'Expired', code: 410 })
    expect(status.message).toMatch(new RegExp(`^too old resource version: ${start} \\(\\d+\\)$`))
    expect(await stream.next()).toBeUndefined()
  })

  test('still serves the oldest version that the window holds', async () => {
    await using server = await startTestApiServer({ watchCacheCapacity: 3 })
    const versions: string[] = []
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      versions.push((await create(server, name)).json<{ metadata: { resourceVersion: string } }>().metadata.resourceVersion)
    }
    await using stream = await server.watch('admin', `${configMaps}?watch=1&resourceVersion=${versions[1]}`)
    expect((await stream.next())?.object).toMatchObject({ metadata: { name: 'c' } })
  })

  test('sends a bookmark about every minute to those who allow it, with nothing but a version', async () => {
    await using server = await startTestApiServer()
    const since = server.storage.revision()
    await using stream = await server.watch('admin', `${vms}?watch=1&resourceVersion=${since}&allowWatchBookmarks=true`)
    server.clock.advance(60_000)
    expect(await stream.next()).toEqual({
      type: 'BOOKMARK',
      object: { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: { resourceVersion: String(server.storage.revision()) } },
    })
  })

  test('streams a list when asked to, and marks its end', async () => {
    await using server = await startTestApiServer()
    await create(server, 'one')
    const path = `${configMaps}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`
    await using stream = await server.watch('admin', path)
    expect((await stream.next())?.type).toBe('ADDED')
    expect(await stream.next()).toMatchObject({
      type: 'BOOKMARK',
      object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    })
    const refused = await server.request('admin', 'GET', `${configMaps}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true`)
    expect(refused.code).toBe(422)
  })

  test('ends at timeoutSeconds, after a last bookmark', async () => {
    await using server = await startTestApiServer()
    await using stream = await server.watch('admin', `${configMaps}?watch=1&resourceVersion=0&allowWatchBookmarks=true&timeoutSeconds=5`)
    expect((await stream.next())?.type).toBe('BOOKMARK')
    server.clock.advance(5_000)
    expect((await stream.next())?.type).toBe('BOOKMARK')
    expect(await stream.next()).toBeUndefined()
  })

  test('sends column definitions only with the first event of a Table watch', async () => {
    await using server = await startTestApiServer()
    await create(server, 'one')
    await create(server, 'two')
    await using stream = await server.watch('admin', `${configMaps}?watch=1`, { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })
    expect((await stream.next())?.object).toMatchObject({
      kind: 'Table',
      columnDefinitions: [{ name: 'Name' }, { name: 'Data' }, { name: 'Age' }],
    })
    expect((await stream.next())?.object).toMatchObject({ columnDefinitions: null, rows: [{ cells: ['two', 0, '0s'] }] })
  })

  test('watches one namespace only, and one object only', async () => {
    await using server = await startTestApiServer()
    await using inNamespace = await server.watch('admin', '/api/v1/namespaces/team-b/configmaps?watch=1')
    await using ofObject = await server.watch('admin', `${configMaps}?watch=1&fieldSelector=metadata.name%3Dtwo`)
    await create(server, 'one')
    await create(server, 'two')
    await server.request('admin', 'POST', '/api/v1/namespaces/team-b/configmaps', { body: configMap('other') })
    expect((await inNamespace.next())?.object).toMatchObject({ metadata: { name: 'other', namespace: 'team-b' } })
    expect((await ofObject.next())?.object).toMatchObject({ metadata: { name: 'two' } })
  })

  test('cuts a watcher that does not read, and keeps serving the others', async () => {
    await using server = await startTestApiServer()
    await using slow = await server.watch('admin', `${configMaps}?watch=1`)
    slow.response.pause()
    const big = 'x'.repeat(200_000)
    for (let index = 0; index < 200; index += 1) {
      server.storage.create('configmaps', { metadata: { name: `big-${index}`, namespace: 'team-a' }, data: { big } })
      if (index % 20 === 0) await server.request('admin', 'GET', '/version')
    }
    await using other = await server.watch('admin', `${configMaps}?watch=1&fieldSelector=metadata.name%3Dbig-1`)
    expect((await other.next())?.object).toMatchObject({ metadata: { name: 'big-1' } })
    let seen = 0
    while (await slow.next()) seen += 1
    expect(seen).toBeGreaterThan(0)
    expect(seen).toBeLessThan(200)
  })

  test('streams a list that is larger than what may pile up, at its reader’s pace, and what changes meanwhile after it', async () => {
    await using server = await startTestApiServer()
    const big = 'x'.repeat(200_000)
    for (let index = 0; index < 150; index += 1)
      server.storage.create('configmaps', { metadata: { name: `big-${100 + index}`, namespace: 'team-a' }, data: { big } })
    const path = `${configMaps}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`
    await using stream = await server.watch('admin', path)
    expect((await stream.next())?.object).toMatchObject({ metadata: { name: 'big-100' } })
    stream.response.pause()
    await server.request('admin', 'DELETE', `${configMaps}/big-249`)
    await create(server, 'late')
    stream.response.resume()
    const seen: string[] = []
    for (let event = await stream.next(); event; event = await stream.next()) {
      const { name = 'initial events end' } = event.object.metadata as { name?: string }
      if (name === 'late') break
      seen.push(`${event.type} ${name}`)
    }
    expect(seen).toHaveLength(151)
    expect(seen.slice(-3)).toEqual(['ADDED big-249', 'BOOKMARK initial events end', 'DELETED big-249'])
  })
})

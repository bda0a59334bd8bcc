// Templates as the fleet that they are: one reading for everybody, and of their images only what each may know.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { KubeObject } from '@virtdeck/k8s'
import { startStack, type Stack } from '../../../../dev/stack.ts'
import { message, openBrowser } from '../testing/browser.ts'

const golden = 'vmo-golden-images'

let stack: Stack

beforeAll(async () => {
  stack = await startStack({ scenario: 'small', speed: 20, server: { recheckMs: 300 } })
})
afterAll(async () => stack?.[Symbol.asyncDispose]())

/** A browser that has the templates and follows them. */
async function follow(user: string, { url }: Stack = stack) {
  const browser = openBrowser(url)
  await browser.signIn({ mode: 'demo', user })
  const snapshot = await browser.snapshot('vmtemplates')
  const live = await browser.live()
  await live.send({ type: 'fleet', fleet: 'vmtemplates', epoch: snapshot.epoch, seq: snapshot.seq })
  await live.until(message('fleet-state', ({ fleet, state }) => fleet === 'vmtemplates' && state === 'live'))
  return { browser, live, ...snapshot }
}

/** Deletes an image, whoever protects it; returns what puts its claim back. */
function takeImage(name: string): () => void {
  const { storage } = stack.cluster
  storage.delete('datavolumes.cdi.kubevirt.io', golden, name)
  const claim = storage.get('persistentvolumeclaims', golden, name) as KubeObject
  storage.update('persistentvolumeclaims', { ...claim, metadata: { ...claim.metadata, finalizers: [] } })
  storage.delete('persistentvolumeclaims', golden, name)
  return () => storage.create('persistentvolumeclaims', { ...claim, metadata: { name, namespace: golden } })
}

const told = (name: string, image: string) =>
  message('delta', ({ upsert }) => upsert.some((row) => 'image' in row && row.name === name && row.image === image))

test('shows the templates to everybody who may list them, and tells at once when an image goes and comes [F043]', async () => {
  const { live, rows, access } = await follow('user')
  using _ = live
  expect(access).toEqual({ scope: 'cluster' })
  const stored = stack.cluster.storage.list('vmtemplates.spectrocloud.com')
  expect(rows.map(({ uid }) => uid).toSorted()).toEqual(stored.map(({ metadata }) => metadata.uid).toSorted())
  expect(rows.find(({ name }) => name === 'debian-12')).toMatchObject({ os: 'debian', image: 'ready', origin: { namespace: golden } })
  // Cloud-init and the like are for whoever opens one.
  expect(JSON.stringify(rows)).not.toMatch(/userData|password|hostname/)

  const putBack = takeImage('debian-12')
  await live.until(told('debian-12', 'missing'))
  putBack()
  await live.until(told('debian-12', 'ready'))
})

test('reads templates and their images once, however many look', async () => {
  const asked = new Map<string, number>()
  const count = (event: unknown) => {
    const { pathname, searchParams } = new URL((event as { request: IncomingMessage }).request.url ?? '', 'http://any')
    if (searchParams.has('watch')) asked.set(pathname, (asked.get(pathname) ?? 0) + 1)
  }
  subscribe('http.server.request.start', count)
  await using own = await startStack({ scenario: 'small', speed: 20 })
  const all = await Promise.all(['operator', 'viewer', 'user', 'power-user', 'user'].map((user) => follow(user, own)))
  unsubscribe('http.server.request.start', count)
  for (const { live, rows } of all) {
    expect(rows).toHaveLength(6)
    live[Symbol.dispose]()
  }
  for (const path of [
    '/apis/spectrocloud.com/v1/vmtemplates',
    '/api/v1/persistentvolumeclaims',
    '/apis/cdi.kubevirt.io/v1beta1/datavolumes',
  ])
    expect([path, asked.get(path)]).toEqual([path, 1])
  expect([...asked.keys()].filter((path) => path.includes('/namespaces/'))).toEqual([])
})

test('goes on where a lost socket left off', async () => {
  const first = await follow('viewer')
  first.live[Symbol.dispose]()
  const { storage } = stack.cluster
  const template = storage.get('vmtemplates.spectrocloud.com', '', 'debian-12') as KubeObject
  storage.update('vmtemplates.spectrocloud.com', { ...template, spec: { ...(template.spec as object), displayName: 'Debian, renamed' } })
  using live = await first.browser.live()
  await live.send({ type: 'fleet', fleet: 'vmtemplates', epoch: first.epoch, seq: first.seq })
  const delta = await live.until(message('delta'))
  expect(delta.upsert).toMatchObject([{ name: 'debian-12', displayName: 'Debian, renamed' }])
  expect(live.messages.some(message('reset'))).toBe(false)
})

test('says nothing of an image to who may not list claims where it is, and takes it back with the right [F003]', async () => {
  const { storage } = stack.cluster
  takeImage('centos-stream-9')
  const [admin, user] = await Promise.all([follow('admin'), follow('user')])
  using _first = admin.live
  using live = user.live
  const imageOf = ({ rows }: Pick<typeof user, 'rows'>) => rows.find(({ name }) => name === 'centos-stream-9')?.image
  await expect.poll(async () => imageOf(await user.browser.snapshot('vmtemplates'))).toBe('missing')

  const key = 'rolebindings.rbac.authorization.k8s.io'
  const binding = storage.get(key, golden, 'vmo-golden-images:clone')
  storage.delete(key, golden, 'vmo-golden-images:clone')
  await live.until(message('reset', ({ fleet }) => fleet === 'vmtemplates'))
  expect(imageOf(await user.browser.snapshot('vmtemplates'))).toBe('ready')
  await expect.poll(async () => imageOf(await admin.browser.snapshot('vmtemplates'))).toBe('missing')
  storage.create(key, { ...binding, metadata: { name: 'vmo-golden-images:clone', namespace: golden } })
  await expect.poll(async () => imageOf(await user.browser.snapshot('vmtemplates'))).toBe('missing')
})

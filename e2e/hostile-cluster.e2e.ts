// A cluster in which every text that a guest or a user may choose was chosen by an attacker.
import { fault } from './cluster.ts'
import { expect, openAs, test, vmRow, type Stack } from './fixtures.ts'
import { expectHarmless, listenForAlarms, marks, marksIn } from './harmless.ts'
import { hostile, hostileTexts } from './hostile-strings.ts'

// A cluster of its own: the tests of other files do not meet what this one leaves behind.
test.use({ stackOf: 'hostile strings' })

const kubevirt = '/apis/kubevirt.io/v1/namespaces/team-a'
const vmi = `${kubevirt}/virtualmachineinstances/web-01`
const at = (position: number) => hostile[position % hostile.length] ?? ''
const textAt = (position: number) => hostileTexts[position % hostileTexts.length] ?? ''

type Fields = Record<string, unknown>
type Metadata = { metadata: { uid: string; labels: Fields; annotations: Fields } }
type Vmi = Metadata & { spec: Fields; status: { conditions: Fields[]; interfaces: Fields[]; guestOSInfo: Fields } }

async function change<T>(stack: Stack, path: string, edit: (object: T) => void): Promise<void> {
  for (;;) {
    const { body } = await stack.api('admin', 'GET', path)
    edit(body as T)
    const { status, body: answer } = await stack.api('admin', 'PUT', path, body)
    // Somebody else wrote in between: once more on what it is now.
    if (status !== 409) return expect([path, status, status < 300 || answer]).toEqual([path, 200, true])
  }
}

async function create(stack: Stack, path: string, objects: readonly object[]): Promise<void> {
  const answers = await Promise.all(objects.map((object) => stack.api('admin', 'POST', path, object)))
  for (const { status, body } of answers) expect([status, status < 300 || body]).toEqual([201, true])
}

/** Annotations may hold anything under a key of the right shape; labels only letters, but any word that objects know. */
const labels = { constructor: 'mine', toString: 'mine', hasOwnProperty: 'mine', 'hostile.example/prototype': 'x__proto__x' }
const annotations = Object.fromEntries(hostile.map((text, index) => [`hostile.example/h${index}`, text]))

async function poison(stack: Stack): Promise<void> {
  const now = new Date().toISOString()
  await change<Metadata>(stack, `${kubevirt}/virtualmachines/web-01`, ({ metadata }) => {
    Object.assign(metadata.labels, labels)
    metadata.annotations = { ...metadata.annotations, ...annotations, 'vm.kubevirt.io/template': textAt(0), description: textAt(1) }
  })
  await change<Vmi>(stack, vmi, ({ metadata, status }) => {
    metadata.annotations = { ...metadata.annotations, ...annotations }
    status.guestOSInfo = { id: 'constructor', prettyName: textAt(0), name: textAt(1), version: textAt(2), kernelRelease: textAt(3) }
    status.interfaces.push(...hostile.map((text) => ({ name: text, interfaceName: text, mac: text, ipAddress: text, ipAddresses: [text] })))
    status.conditions.push(
      ...hostile.map((text) => ({ type: text, status: 'True', reason: text, message: text, lastTransitionTime: now, lastProbeTime: null })),
      { type: 'constructor', status: 'True', reason: '__proto__', lastTransitionTime: now, lastProbeTime: null },
    )
  })
  await create(
    stack,
    '/api/v1/namespaces/team-a/events',
    hostile.map((text, index) => ({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `hostile-${index}` },
      involvedObject: { apiVersion: 'kubevirt.io/v1', kind: index % 2 ? 'constructor' : text, namespace: 'team-a', name: 'web-01' },
      reason: text,
      message: text,
      type: index % 3 ? 'Normal' : text,
      source: { component: text, host: text },
      reportingComponent: text,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    })),
  )
  await create(
    stack,
    `${kubevirt}/virtualmachines`,
    hostile.map((text, index) => ({
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachine',
      metadata: { name: `hostile-${String(index).padStart(3, '0')}`, labels },
      spec: {
        runStrategy: 'Halted',
        template: { metadata: { annotations: { 'vm.kubevirt.io/os': text } }, spec: { domain: { devices: {} }, hostname: `h${index}` } },
      },
    })),
  )
  const templates = '/apis/spectrocloud.com/v1/vmtemplates'
  const { body: known } = await stack.api('admin', 'GET', `${templates}/debian-12`)
  const spec = known['spec'] as { template: { metadata?: Fields } }
  await create(
    stack,
    templates,
    hostile.map((text, index) => ({
      apiVersion: 'spectrocloud.com/v1',
      kind: 'VmTemplate',
      metadata: { name: `hostile-${index}`, annotations: { 'vm.kubevirt.io/os': text } },
      spec: {
        ...spec,
        displayName: text,
        description: text,
        icon: text,
        // The refusal repeats it.
        runStrategy: text,
        dataVolumeTemplates: [{ metadata: { name: 'root' }, spec: { source: { http: { url: text } }, storage: {} } }],
        template: {
          ...spec.template,
          spec: { domain: { devices: { disks: [{ name: 'root', disk: {} }] } }, volumes: [{ name: 'root', dataVolume: { name: 'root' } }] },
        },
      },
    })),
  )
  const snapshots = '/apis/snapshot.kubevirt.io/v1beta1/namespaces/team-a/virtualmachinesnapshots'
  await create(
    stack,
    snapshots,
    hostileTexts.map((text, index) => ({
      apiVersion: 'snapshot.kubevirt.io/v1beta1',
      kind: 'VirtualMachineSnapshot',
      metadata: { name: `hostile-${index}`, labels, annotations: { 'hostile.example/note': text } },
      spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'web-01' } },
    })),
  )
  for (const [index, text] of hostileTexts.entries()) {
    await change<{ status: Fields }>(stack, `${snapshots}/hostile-${index}/status`, (snapshot) => {
      snapshot.status = { ...snapshot.status, phase: 'Failed', readyToUse: false, error: { message: text, time: now } }
    })
  }
  await change<Metadata & { status: { nodeInfo: Fields } }>(stack, '/api/v1/nodes/fra-w-01/status', ({ status }) => {
    status.nodeInfo = { ...status.nodeInfo, osImage: textAt(0), kernelVersion: textAt(1), containerRuntimeVersion: textAt(2) }
  })
  for (const path of ['/api/v1/nodes/fra-w-01', '/api/v1/namespaces/team-a']) {
    await change<Metadata>(stack, path, ({ metadata }) => {
      Object.assign(metadata.labels, labels)
      metadata.annotations = { ...metadata.annotations, ...annotations }
    })
  }
}

const vm = (rest = '') => `/virtual-machines/team-a/web-01${rest}`

test('shows 165 hostile strings in every field that others fill as text, on every page and dialog [X-01] [X-02] [X-03] [X-14]', async ({
  page,
  context,
  stack,
}) => {
  const alarms = await listenForAlarms(context)
  await poison(stack)
  const visit = (path: string, heading: string | RegExp, seen?: [selector: string, atLeast: number], open?: () => Promise<void>) =>
    test.step(path, async () => {
      await page.goto(path)
      await expect(page.getByRole('heading', { name: heading }).first()).toBeVisible()
      await open?.()
      if (seen) await expect.poll(() => marksIn(page, seen[0])).toBeGreaterThanOrEqual(seen[1])
      await expectHarmless(page, alarms)
    })

  await openAs(page, stack, 'admin', '/virtual-machines')
  await test.step('the list, from its first row to its last', async () => {
    // Wide enough for every column, the guest's OS among them.
    await page.setViewportSize({ width: 1900, height: 900 })
    await visit('/virtual-machines?q=name%3Ahostile-*&sort=name', 'Virtual machines', ['td.c-os', 10])
    const marks = new Set<string>()
    await expect(async () => {
      for (const text of await page.locator('td.c-os').allTextContents()) for (const [mark] of text.matchAll(/ h\d{3}/g)) marks.add(mark)
      await expectHarmless(page, alarms)
      await page
        .locator('.tablewrap')
        .first()
        .evaluate((table) => table.scrollBy(0, table.clientHeight - 80))
      expect(marks.size).toBeGreaterThanOrEqual(150)
    }).toPass({ intervals: [50], timeout: 30_000 })
    await page.setViewportSize({ width: 1440, height: 900 })
  })
  await visit('/virtual-machines', 'Virtual machines', ['.menu', 0], async () => {
    await page.getByRole('group', { name: 'Filters' }).getByRole('button', { name: 'OS' }).click()
    await expect(page.getByRole('menuitemcheckbox').first()).toBeVisible()
  })
  await test.step('the search knows labels that only their names make strange', async () => {
    await page.goto('/virtual-machines')
    const search = page.getByRole('combobox', { name: 'Search VMs' })
    for (const key of ['constructor', 'toString', 'hasOwnProperty', '__proto__']) {
      await search.fill(`label:${key}=`)
      await search.press('End')
      await expect(page.getByRole('heading', { level: 1, name: 'Virtual machines' })).toBeVisible()
      await search.fill('')
    }
    await page.goto(`/virtual-machines?q=${encodeURIComponent('label:constructor=mine web-01')}`)
    await expect(vmRow(page, 'web-01')).toBeVisible()
    await page.goto(`/virtual-machines?q=${encodeURIComponent('label:__proto__=mine')}`)
    await expect(page.getByRole('heading', { name: 'Nothing matches' })).toBeVisible()
    for (const text of hostileTexts) {
      await page.goto(`/virtual-machines?q=${encodeURIComponent(text)}`)
      await expect(page.getByRole('heading', { level: 1, name: 'Virtual machines' })).toBeVisible()
      await expectHarmless(page, alarms)
    }
  })

  await visit(vm(), 'web-01', ['.conds', 165])
  await visit(vm(), 'web-01', ['table.mini', 165])
  await visit(vm('/events'), 'web-01', ['table.evt td', 165])
  await visit(vm('/snapshots'), 'web-01', ['table.sn', 10])
  await visit(vm('/snapshots?view=tree'), 'web-01', ['table.sn', 10])
  await visit(vm('/snapshots?do=deleteSnapshot&snapshot=hostile-0'), /Delete snapshot/)
  await visit(vm('/yaml'), 'web-01', ['.cm-content', 1])
  for (const verb of ['migrate', 'stop', 'forceStop', 'restart', 'snapshot']) await visit(vm(`?do=${verb}`), /web-01/)
  await visit('/virtual-machines?q=web-01&do=delete&vm=team-a/web-01', /Delete web-01/)
  await visit('/templates', 'Templates', ['article', 165])
  // Of the other lists only what is in sight is in the page.
  await visit('/templates?view=table', 'Templates', ['tbody', 10])
  await visit('/snapshots?sort=-name', 'Snapshots')
  await visit('/volumes', 'Volumes')
  await visit('/nodes', 'Nodes')
  await visit('/migrations', 'Migrations')
  for (const index of [0, 40, hostile.length - 12, hostile.length - 5]) {
    await visit(`/templates/hostile-${index}/create`, /Create/, ['main', 1], async () => {
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('fine')
    })
    await visit(`/templates/hostile-${index}/create?yaml`, /Create/)
  }
  await visit('/virtual-machines?q=web-01', 'Virtual machines', undefined, async () => {
    await page.keyboard.press('Control+k')
    await page.getByRole('dialog').getByRole('combobox').fill(at(0))
  })
})

test('shows what a hostile guest agent answers as text: its host name, its system and who is signed in [X-01] [X-02]', async ({
  page,
  context,
  stack,
}) => {
  const alarms = await listenForAlarms(context)
  const answer = (what: string, object: object) =>
    fault(stack, { effect: 'status', code: 200, object, match: { path: `*/virtualmachineinstances/web-02/${what}` } })
  await openAs(page, stack, 'admin', '/virtual-machines')
  for (const text of hostileTexts) {
    await answer('guestosinfo', { hostname: text, guestAgentVersion: text, timezone: text, os: { prettyName: text, kernelRelease: text } })
    await answer('userlist', { items: [{ userName: text, domain: text }, { userName: 'constructor' }, { userName: '__proto__' }] })
    await page.goto('/virtual-machines/team-a/web-02')
    const fact = (label: string) => page.locator('dl.kv').getByText(label, { exact: true }).locator('xpath=following-sibling::dd[1]')
    // There is room for all of it in these two, and for its beginning in the others.
    for (const label of ['System', 'Signed in']) {
      await expect(fact(label)).toContainText(/ h\d{3}/)
      expect(marks([(await fact(label).textContent()) ?? '']).size).toBe(marks([text]).size)
    }
    await expect(fact('Signed in')).toContainText('constructor, __proto__')
    for (const label of ['Host name', 'Kernel', 'Agent']) await expect(fact(label)).toContainText(/ h\d{3}/)
    await expectHarmless(page, alarms)
  }
})

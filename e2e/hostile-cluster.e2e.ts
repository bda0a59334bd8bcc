// A cluster in which every text that a guest or a user may choose was chosen by an attacker.
import type { BrowserContext, Page } from '@playwright/test'
import { expect, openAs, test, vmRow, type Stack } from './fixtures.ts'
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

type Alarms = { raised: string[] }

/** Whatever runs, asks, opens or breaks the policy from now on, on any page. */
async function listenForAlarms(context: BrowserContext): Promise<Alarms> {
  const raised: string[] = []
  await context.exposeFunction('canaryHeard', (what: string) => void raised.push(what))
  await context.addInitScript(() => {
    const heard = (what: string) => (globalThis as unknown as { canaryHeard(what: string): void }).canaryHeard(what)
    Object.assign(globalThis, { canary: () => heard('a script ran') })
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => heard(`${violatedDirective} ${blockedURI}`))
  })
  context.on('dialog', (dialog) => {
    raised.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  context.on('request', (request) => {
    if (/canary/.test(new URL(request.url()).pathname + new URL(request.url()).host)) raised.push(`asked for ${request.url()}`)
  })
  return { raised }
}

/** Nothing of a page was made by a text, and nothing in it is hidden from the eye. */
async function expectHarmless(page: Page, { raised }: Alarms): Promise<void> {
  const found = await page.evaluate(() => {
    const strange: string[] = []
    const foreign = 'x-canary,iframe,object,embed,base,marquee,video,audio,math,template,picture,source,frame,applet,noscript noscript'
    for (const element of document.querySelectorAll(foreign)) strange.push(element.outerHTML.slice(0, 200))
    for (const element of document.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        if (/^on|^srcdoc$|^formaction$|^ping$/.test(name)) strange.push(`${name} of ${element.outerHTML.slice(0, 200)}`)
        if (!/^(href|src|action|srcset|xlink:href)$/.test(name) || value.startsWith('data:image/')) continue
        const { origin, pathname } = new URL(value, location.href)
        if (origin !== location.origin || pathname.startsWith('/canary')) strange.push(`${name}=${value.slice(0, 200)}`)
      }
      if (/^(SCRIPT|STYLE)$/.test(element.tagName) && !(element as HTMLScriptElement).nonce)
        strange.push(`${element.tagName} without a nonce`)
    }
    const unseen = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) {
      const text = walker.currentNode.nodeValue ?? ''
      if (unseen.test(text)) strange.push(`hidden in ${JSON.stringify(text.slice(0, 200))}`)
    }
    for (const element of document.querySelectorAll('[title], [aria-label]')) {
      const text = `${element.getAttribute('title')} ${element.getAttribute('aria-label')}`
      if (unseen.test(text)) strange.push(`hidden in a name: ${JSON.stringify(text.slice(0, 200))}`)
    }
    // What no element makes but an attack could: a property on every object.
    for (const name in {}) strange.push(`every object has ${name}`)
    return [...strange, ...('canary' in Object.prototype ? ['Object.prototype.canary'] : [])]
  })
  expect(found).toEqual([])
  expect(raised).toEqual([])
}

/** How many of the hostile strings a place shows, told by their marks. */
async function marksIn(page: Page, selector: string): Promise<number> {
  const text = (await page.locator(selector).allTextContents()).join(' ')
  return new Set(text.match(/ h\d{3}/g)).size
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

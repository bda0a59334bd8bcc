// A guest in QEMU behind the consoles: the VNC server and the serial port that KubeVirt itself uses.
import { spawnSync } from 'node:child_process'
import type { Locator } from '@playwright/test'
import { create, readVmi } from './cluster.ts'
import { expect, openAs, test } from './fixtures.ts'
import { expectConsoleConnected, openSerial, run, typeOnScreen } from './guest.ts'

test.use({ stackArgs: ['--scenario', 'empty', '--guests', 'qemu', '--qemu-limit', '1'] })

const ref = { namespace: 'team-a', name: 'real-01' }

/** How many of a screen's pixels are lit: text on black, the more of it the more. */
const litPixels = (screen: Locator) =>
  screen.evaluate((canvas: HTMLCanvasElement) => {
    // Connected, and not yet told how large it is.
    if (canvas.width === 0) return 0
    // A copy, for which Chromium expects to be read again and again: noVNC's own canvas it would complain about.
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true })!
    copy.drawImage(canvas, 0, 0)
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height)
    let lit = 0
    for (let i = 0; i < data.length; i += 4) if (data[i]! + data[i + 1]! + data[i + 2]! > 96) lit += 1
    return lit
  })

test('a guest in QEMU shows its screen, takes what is typed, and answers on its serial console [F132 F133]', async ({ page, stack }) => {
  test.skip(spawnSync('qemu-system-x86_64', ['--version']).status !== 0, 'qemu-system-x86_64 is not installed')
  // Software emulation beside a browser on a small machine.
  test.setTimeout(240_000)
  await create(stack, '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines', {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: ref,
    spec: {
      runStrategy: 'Always',
      template: {
        spec: {
          domain: { memory: { guest: '1Gi' }, devices: { disks: [{ name: 'root', disk: { bus: 'virtio' } }] } },
          volumes: [{ name: 'root', containerDisk: { image: 'quay.io/containerdisks/alpine:3.20' } }],
        },
      },
    },
  })
  await expect.poll(async () => (await readVmi(stack, ref))?.status?.phase, { timeout: 30_000 }).toBe('Running')
  await openAs(page, stack, 'power-user', '/virtual-machines/team-a/real-01/console')
  await expectConsoleConnected(page)
  const screen = page.getByRole('application', { name: 'Screen of real-01' })

  await test.step('the screen shows what the machine writes, and what is typed', async () => {
    await expect.poll(() => litPixels(screen), { timeout: 60_000 }).toBeGreaterThan(400)
    // QEMU's pictures have its own size, not one that the simulation would choose.
    expect(Number(await screen.getAttribute('width'))).toBeGreaterThanOrEqual(640)
  })

  await test.step('the serial console answers', async () => {
    await openSerial(page)
    const lines = page.locator('.xterm-accessibility-tree')
    await page.getByRole('textbox', { name: /^Serial console of/ }).press('Enter')
    // Linux where a kernel is installed, or else a boot sector that echoes.
    await expect(lines).toContainText(/real-01:~#|It echoes what is typed/, { timeout: 90_000 })
    const linux = (await lines.textContent())?.includes(':~#') ?? false
    if (linux) await run(page, 'echo $((6 * 7)) is the answer', '42 is the answer')
    else await run(page, 'hello', 'hello')
  })

  await test.step('the keyboard reaches the machine through its screen', async () => {
    await page.getByRole('toolbar', { name: 'Console' }).getByRole('button', { name: 'Screen', exact: true }).click()
    await expectConsoleConnected(page)
    await expect.poll(() => litPixels(screen)).toBeGreaterThan(400)
    const before = await litPixels(screen)
    await typeOnScreen(page, 'real-01', 'echo mmmmmmmmmmmmmmmmmmmmmmmm')
    await expect.poll(() => litPixels(screen), { timeout: 30_000 }).toBeGreaterThan(before + 200)
  })
})

// The main ways through the app in another engine than Chromium: its policy and its Trusted Types stop nothing of ours there either.
import { expect, test } from './fixtures.ts'
import { findFirefox, startFirefox } from './firefox.ts'

const executable = findFirefox()

test('shows the list, a VM, both of its consoles and a form in Firefox, which refuses nothing of it [X-11]', async ({ stack }) => {
  test.skip(executable === undefined, 'There is no Firefox here: install one, or name it in FIREFOX_PATH.')
  await using firefox = await startFirefox(executable ?? '')
  await firefox.goto(`${stack.url}/virtual-machines`)
  await firefox.click('[aria-label="Sign in as operator"]')
  const shown = () => firefox.evaluate<string[]>(`[...document.querySelectorAll('tbody a.name')].map((link) => link.title)`)
  await expect.poll(async () => (await shown()).length).toBeGreaterThan(10)

  await firefox.evaluate(`document.querySelector('[role=combobox]').focus() ?? null`)
  await firefox.type('name:web-0* node:fra')
  await expect.poll(shown).toEqual(expect.arrayContaining(['web-01']))
  await expect.poll(async () => (await shown()).every((name) => name.startsWith('web-0'))).toBe(true)
  await expect.poll(() => firefox.evaluate<string>('location.search')).toMatch(/web-0/)

  await firefox.click('tbody a.name[title=web-01]')
  await firefox.sees('Agent connected')
  for (const kind of ['vnc', 'serial']) {
    await firefox.goto(`${stack.url}/virtual-machines/team-a/web-01/console?kind=${kind}`)
    await firefox.sees('Connected')
  }
  expect(await firefox.evaluate<number>(`document.querySelectorAll('.xterm').length`)).toBe(1)
  for (const [path, text] of [
    ['/virtual-machines/team-a/web-01/yaml', 'kind: VirtualMachine'],
    ['/virtual-machines/team-a/web-01/snapshots', 'Take snapshot'],
    ['/templates/debian-12/create', 'Create VM'],
    ['/nodes', 'fra-w-01'],
    ['/volumes', 'web-01-root'],
  ] as const) {
    await firefox.goto(stack.url + path)
    await firefox.sees(text)
  }

  // What is refused, it tells: by the event here, and to the server.
  expect(firefox.complaints).toEqual([])
  await firefox.evaluate(`(new Image().src = 'https://evil.example/x.png')`)
  await expect.poll(() => firefox.complaints.some((one) => one.startsWith('img-src https://evil.example'))).toBe(true)
})

// Every page, tab, dialog and menu, in the states worth seeing: what holds for all of them.
import { openAs, expect, expectAccessible, test, vmRow, type DemoUser } from './fixtures.ts'
import { expectConsoleConnected } from './guest.ts'
import type { Locator, Page } from '@playwright/test'

test.describe.configure({ mode: 'parallel' })

type View = {
  name: string
  /** Nobody is signed in if not said. */
  as?: DemoUser
  path: string
  /** Brings up what no URL opens. */
  open?: (page: Page) => Promise<void>
  /** What tells that it is there, and complete. */
  shows: (page: Page) => Locator
  title?: string
  only?: 'desktop' | 'phone'
}

const vm = (namespace: string, name: string, rest = '') => `/virtual-machines/${namespace}/${name}${rest}`
const heading = (name: string | RegExp) => (page: Page) => page.getByRole('heading', { name })
const dialog = (name: string | RegExp) => (page: Page) => page.getByRole('dialog', { name })
const status = (word: string | RegExp) => (page: Page) => page.locator('.dhead .badge').getByText(word)
const verb = (of: string, name: string | RegExp) => (page: Page) => dialog(of)(page).getByRole('button', { name }).last()
const click = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click()

const list = 'Virtual machines'

const views: View[] = [
  { name: 'sign-in', path: '/sign-in', shows: (page) => page.getByRole('button', { name: 'Sign in as viewer' }), title: 'Sign in' },
  {
    name: 'sign-in without a token',
    path: '/sign-in',
    open: click('Sign in with token'),
    shows: (page) => page.getByText('Paste a token first.'),
    title: 'Sign in',
  },

  {
    name: 'what people did',
    as: 'operator',
    path: '/activity',
    shows: (page) => page.locator('tbody').getByText('Sign in').filter({ visible: true }).first(),
    title: 'Activity',
  },
  {
    name: 'what people did, for who may not see it',
    as: 'viewer',
    path: '/activity',
    shows: heading('No activity for you to see'),
    title: 'Activity',
  },
  {
    name: 'what a right takes',
    as: 'viewer',
    path: '/activity',
    open: click('What would allow it'),
    shows: dialog('A right is missing'),
    title: 'Activity',
  },
  {
    name: 'what one may do',
    as: 'user',
    path: '/my-access',
    shows: (page) => page.getByRole('rowheader', { name: 'team-b' }),
    title: 'My access',
  },

  { name: 'list of VMs', as: 'operator', path: '/virtual-machines', shows: (page) => page.getByRole('row').nth(8), title: list },
  { name: 'list where nothing matches', as: 'operator', path: '/virtual-machines?q=zzz', shows: heading('Nothing matches'), title: list },
  {
    name: 'list of VMs that fail',
    as: 'operator',
    path: '/virtual-machines?q=status%3Afailing',
    shows: (page) => vmRow(page, 'shop-payments'),
    title: list,
  },
  {
    name: "row's menu",
    as: 'viewer',
    path: '/virtual-machines?q=web-01',
    open: click('Actions for web-01'),
    shows: (page) => page.getByRole('menuitem', { name: 'View YAML' }),
    title: list,
  },
  {
    name: 'choice of columns',
    as: 'operator',
    path: '/virtual-machines',
    open: click('Columns'),
    shows: (page) => page.getByRole('menuitemcheckbox', { name: 'Run strategy' }),
    title: list,
    only: 'desktop',
  },
  {
    name: 'completion of the search',
    as: 'operator',
    path: '/virtual-machines',
    open: (page) => page.getByRole('combobox', { name: 'Search VMs' }).fill('st'),
    shows: (page) => page.getByRole('option').first(),
    title: list,
  },
  {
    name: 'keys',
    as: 'operator',
    path: '/virtual-machines',
    open: (page) =>
      page
        .getByRole('row')
        .nth(8)
        .waitFor()
        .then(() => page.keyboard.press('?')),
    shows: dialog('Keyboard shortcuts'),
    title: list,
  },
  {
    name: 'command palette',
    as: 'operator',
    path: vm('team-a', 'web-01'),
    open: (page) =>
      status('Running')(page)
        .waitFor()
        .then(() => page.keyboard.press('Control+k')),
    shows: (page) => page.getByRole('option', { name: /Restart/ }),
    title: 'web-01',
  },
  {
    name: 'account menu',
    as: 'operator',
    path: '/virtual-machines',
    open: click('Signed in as operator'),
    shows: (page) => page.getByRole('menuitem', { name: 'Sign out' }),
    title: list,
  },
  {
    name: 'menu of a phone',
    as: 'operator',
    path: '/virtual-machines',
    open: click('Menu'),
    shows: (page) => page.getByRole('tree', { name: 'Namespaces' }),
    title: list,
    only: 'phone',
  },

  { name: 'VM that runs', as: 'operator', path: vm('team-a', 'web-01'), shows: status('Running'), title: 'web-01' },
  { name: 'VM that is stopped', as: 'operator', path: vm('team-b', 'report-batch'), shows: status('Stopped'), title: 'report-batch' },
  { name: 'VM that is paused', as: 'operator', path: vm('team-b', 'desktop-02'), shows: status('Paused'), title: 'desktop-02' },
  {
    name: 'VM that fits nowhere',
    as: 'operator',
    path: vm('shop', 'shop-search-01'),
    shows: status('Unschedulable'),
    title: 'shop-search-01',
  },
  { name: 'VM that crashes', as: 'operator', path: vm('shop', 'shop-payments'), shows: status('Crash loop'), title: 'shop-payments' },
  { name: 'VM without a guest agent', as: 'operator', path: vm('shop', 'shop-cache-01'), shows: heading(/agent/), title: 'shop-cache-01' },
  { name: 'VM whose disk is imported', as: 'operator', path: vm('team-a', 'ci-cache'), shows: status(/Importing/), title: 'ci-cache' },
  { name: 'VM that cannot migrate', as: 'operator', path: vm('team-a', 'db-01'), shows: heading(/migrate/), title: 'db-01' },
  { name: 'VM that migrates', as: 'operator', path: vm('shop', 'shop-db-01'), shows: status('Migrating'), title: 'shop-db-01' },
  { name: 'VM that needs a restart', as: 'operator', path: vm('team-b', 'analytics'), shows: status('Restart needed'), title: 'analytics' },
  {
    name: 'VM whose image is missing',
    as: 'operator',
    path: vm('platform', 'image-builder'),
    shows: status('Image pull failed'),
    title: 'image-builder',
  },
  { name: 'VM of a viewer', as: 'viewer', path: vm('team-a', 'web-01'), shows: status('Running'), title: 'web-01' },
  {
    name: "VM's menu",
    as: 'operator',
    path: vm('team-a', 'web-01'),
    open: async (page) => {
      await status('Running')(page).waitFor()
      await page.getByRole('button', { name: 'More actions' }).filter({ visible: true }).click()
    },
    shows: (page) => page.getByRole('menuitem', { name: 'Delete…' }),
    title: 'web-01',
  },
  { name: 'VM that is not there', as: 'operator', path: vm('team-a', 'zzz'), shows: heading('There is no VM zzz'), title: 'zzz' },
  { name: 'VM that one may not see', as: 'user', path: vm('team-a', 'web-01'), shows: heading('You may not see this VM'), title: 'web-01' },

  {
    name: 'screen',
    as: 'operator',
    path: vm('team-a', 'web-01', '/console'),
    open: (page) => expectConsoleConnected(page),
    shows: (page) => page.getByLabel('Screen of web-01').first(),
    title: 'web-01',
  },
  {
    name: 'keys to send',
    as: 'operator',
    path: vm('team-a', 'web-01', '/console'),
    open: async (page) => {
      await expectConsoleConnected(page)
      await page.getByRole('button', { name: 'Send keys' }).click()
    },
    shows: (page) => page.getByRole('menuitem', { name: 'Ctrl+Alt+Del' }),
    title: 'web-01',
    only: 'desktop',
  },
  {
    name: 'text to paste',
    as: 'operator',
    path: vm('team-a', 'web-01', '/console'),
    open: async (page) => {
      await expectConsoleConnected(page)
      await page
        .getByRole('button', { name: /^Paste/ })
        .filter({ visible: true })
        .click()
    },
    shows: dialog('Paste text into web-01'),
    title: 'web-01',
  },
  {
    name: 'serial console',
    as: 'operator',
    path: vm('team-a', 'web-02', '/console?kind=serial'),
    open: (page) => expectConsoleConnected(page),
    shows: (page) => page.locator('.xterm-accessibility-tree'),
    title: 'web-02',
  },
  {
    name: 'screen in a window of its own',
    as: 'operator',
    path: '/console/team-a/api-01?kind=vnc',
    open: (page) => expectConsoleConnected(page),
    shows: (page) => page.getByLabel('Screen of api-01').first(),
    title: 'api-01 console',
  },
  {
    name: 'console of a VM that does not run',
    as: 'operator',
    path: vm('team-b', 'report-batch', '/console'),
    shows: heading(/not running|is off|does not run/i),
    title: 'report-batch',
  },
  {
    name: 'console that one may not open',
    as: 'viewer',
    path: vm('team-a', 'web-01', '/console'),
    shows: (page) => page.getByText('You may not open this console'),
    title: 'web-01',
  },

  {
    name: 'snapshots',
    as: 'operator',
    path: vm('platform', 'gitlab', '/snapshots'),
    shows: (page) => page.getByRole('row', { name: /weekly-46/ }),
    title: 'gitlab',
  },
  {
    name: 'tree of snapshots',
    as: 'operator',
    path: vm('platform', 'gitlab', '/snapshots?view=tree'),
    shows: (page) => page.getByRole('row', { name: 'Now' }),
    title: 'gitlab',
  },
  {
    name: 'VM without snapshots',
    as: 'operator',
    path: vm('team-a', 'api-01', '/snapshots'),
    shows: heading('No snapshots yet'),
    title: 'api-01',
  },
  {
    name: 'taking a snapshot',
    as: 'operator',
    path: vm('shop', 'shop-cache-01', '/snapshots?do=snapshot'),
    shows: dialog('Take a snapshot of shop-cache-01'),
    title: 'shop-cache-01',
  },
  {
    name: 'restoring a snapshot',
    as: 'operator',
    path: vm('platform', 'gitlab', '/snapshots?do=restore&snapshot=weekly-46'),
    shows: dialog('Restore gitlab to weekly-46?'),
    title: 'gitlab',
  },
  {
    name: 'deleting a snapshot',
    as: 'operator',
    path: vm('platform', 'gitlab', '/snapshots?do=deleteSnapshot&snapshot=weekly-46'),
    shows: dialog('Delete snapshot weekly-46?'),
    title: 'gitlab',
  },

  {
    name: 'events',
    as: 'operator',
    path: vm('shop', 'shop-payments', '/events'),
    shows: (page) => page.getByRole('row').nth(1),
    title: 'shop-payments',
  },
  {
    name: 'events that match nothing',
    as: 'operator',
    path: vm('shop', 'shop-payments', '/events?q=no+such+thing'),
    shows: heading('No event matches'),
    title: 'shop-payments',
  },
  {
    name: 'VM without events',
    as: 'operator',
    path: vm('team-b', 'report-batch', '/events'),
    shows: heading('No events now'),
    title: 'report-batch',
  },
  {
    name: 'YAML',
    as: 'operator',
    path: vm('team-a', 'web-01', '/yaml'),
    shows: (page) => page.getByText('runStrategy').first(),
    title: 'web-01',
  },
  {
    name: 'YAML of no instance',
    as: 'operator',
    path: vm('team-b', 'report-batch', '/yaml'),
    open: click('VirtualMachineInstance'),
    shows: heading('There is no VirtualMachineInstance'),
    title: 'report-batch',
  },

  {
    name: 'migrating',
    as: 'operator',
    path: vm('team-a', 'web-01', '?do=migrate'),
    shows: (page) => page.getByRole('radio', { name: /^fra-w-0/ }).first(),
    title: 'web-01',
  },
  {
    name: 'why not migrate',
    as: 'operator',
    path: vm('team-a', 'db-01', '?do=migrate'),
    shows: (page) => dialog('Why db-01 can’t migrate')(page).getByRole('listitem').first(),
    title: 'db-01',
  },
  {
    name: 'migration under way',
    as: 'operator',
    path: vm('shop', 'shop-db-01', '?do=migrate'),
    shows: (page) => page.getByRole('list', { name: 'Steps' }),
    title: 'shop-db-01',
  },
  {
    name: 'cancelling a migration',
    as: 'operator',
    path: vm('shop', 'shop-db-01', '?do=cancelMigration'),
    shows: verb('Cancel the migration of shop-db-01?', 'Cancel migration'),
    title: 'shop-db-01',
  },
  { name: 'stopping', as: 'operator', path: vm('team-a', 'web-01', '?do=stop'), shows: verb('Stop web-01?', 'Stop VM'), title: 'web-01' },
  {
    name: 'forcing a stop',
    as: 'operator',
    path: vm('team-a', 'web-01', '?do=forceStop'),
    shows: verb('Force-stop web-01?', 'Force-stop VM'),
    title: 'web-01',
  },
  {
    name: 'restarting',
    as: 'operator',
    path: vm('team-a', 'web-01', '?do=restart'),
    shows: verb('Restart web-01?', 'Restart VM'),
    title: 'web-01',
  },
  {
    name: 'stopping what one may not',
    as: 'viewer',
    path: vm('team-a', 'web-01', '?do=stop'),
    shows: verb('Stop web-01?', 'Stop VM'),
    title: 'web-01',
  },
  {
    name: 'deleting, with disks and snapshots',
    as: 'operator',
    path: '/virtual-machines?q=gitlab&do=delete&vm=platform/gitlab',
    shows: (page) => dialog('Delete gitlab?')(page).getByText('3 snapshots'),
    title: list,
  },

  {
    name: 'labels as columns',
    as: 'operator',
    path: '/virtual-machines',
    open: async (page) => {
      await click('Columns')(page)
      await page.getByRole('menuitem', { name: 'Labels' }).click()
    },
    shows: (page) => page.getByRole('menuitemcheckbox', { name: /^tier/ }),
    title: list,
    only: 'desktop',
  },
  {
    name: 'many VMs to label',
    as: 'operator',
    path: '/virtual-machines?q=web-0',
    open: async (page) => {
      await page.getByRole('checkbox', { name: 'Select all shown' }).click()
      await page.getByRole('toolbar').getByRole('button', { name: 'Label…' }).click()
    },
    shows: (page) => page.getByRole('dialog').getByLabel('Key'),
    title: list,
    only: 'desktop',
  },
  {
    name: 'many VMs to delete, with their disks',
    as: 'operator',
    path: '/virtual-machines?q=web-0',
    open: async (page) => {
      await page.getByRole('checkbox', { name: 'Select all shown' }).click()
      await page.getByRole('toolbar').getByRole('button', { name: 'Delete…' }).click()
    },
    shows: (page) => page.getByRole('dialog').getByRole('list', { name: 'Disks' }).getByText('web-01-root', { exact: true }),
    title: list,
    only: 'desktop',
  },
  { name: 'snapshots of all VMs', as: 'operator', path: '/snapshots', shows: (page) => vmRow(page, 'weekly-46'), title: 'Snapshots' },
  {
    name: 'one of all snapshots to delete',
    as: 'operator',
    path: '/snapshots?do=delete&on=platform/weekly-46',
    shows: verb('Delete 1 snapshot?', 'Delete 1 snapshot'),
    title: 'Snapshots',
  },
  { name: 'volumes', as: 'operator', path: '/volumes', shows: (page) => vmRow(page, 'db-01-root'), title: 'Volumes' },
  { name: 'volumes of a namespace', as: 'user', path: '/volumes', shows: (page) => page.getByRole('row').nth(2), title: 'Volumes' },
  { name: 'nodes', as: 'operator', path: '/nodes', shows: (page) => vmRow(page, 'fra-w-01'), title: 'Nodes' },
  {
    name: 'nodes, for who may not see them',
    as: 'user',
    path: '/nodes',
    shows: heading('No nodes for you to see'),
    title: 'Nodes',
  },
  {
    name: "node's menu",
    as: 'operator',
    path: '/nodes',
    open: click('Actions for fra-w-01'),
    shows: (page) => page.getByRole('menuitem', { name: 'Drain…' }),
    title: 'Nodes',
  },
  {
    name: 'plan of a drain',
    as: 'operator',
    path: '/nodes?drain=fra-w-01',
    shows: (page) => page.getByRole('complementary', { name: 'Drain fra-w-01' }).getByRole('region', { name: 'Blocked' }),
    title: 'Nodes',
  },
  { name: 'migrations', as: 'operator', path: '/migrations', shows: (page) => vmRow(page, 'shop-db-01').first(), title: 'Migrations' },
  {
    name: 'templates',
    as: 'power-user',
    path: '/templates',
    shows: (page) => page.getByRole('link', { name: /^Create a VM from/ }).first(),
    title: 'Templates',
  },
  {
    name: 'templates of which none matches',
    as: 'power-user',
    path: '/templates?q=zzz',
    shows: heading('No template matches'),
    title: 'Templates',
  },
  {
    name: 'templates of somebody who may not create',
    as: 'user',
    path: '/templates',
    shows: (page) => page.getByRole('article').first(),
    title: 'Templates',
  },
  {
    name: 'form for a new VM',
    as: 'power-user',
    path: '/templates/debian-12/create',
    shows: (page) => page.getByRole('textbox', { name: 'Name', exact: true }),
    title: 'Create VM from Debian 12',
  },
  {
    name: 'form with mistakes',
    as: 'power-user',
    path: '/templates/debian-12/create',
    open: async (page) => {
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Not A Name')
      await page.getByRole('spinbutton', { name: 'Memory' }).fill('')
      await page.getByRole('button', { name: /^Create VM/ }).click()
    },
    shows: (page) => page.locator('[aria-invalid=true]').nth(1),
    title: 'Create VM from Debian 12',
  },
  {
    name: 'YAML of a new VM',
    as: 'power-user',
    path: '/templates/debian-12/create?yaml',
    shows: (page) => page.getByRole('region', { name: /^YAML of/ }),
    title: 'Create VM from Debian 12',
  },
  {
    name: 'template that is not there',
    as: 'power-user',
    path: '/templates/zzz/create',
    shows: heading('There is no template zzz'),
    title: 'Create VM',
  },
  { name: 'page that is not there', as: 'operator', path: '/zzz', shows: heading('There is nothing here'), title: 'Not found' },
]

test.describe('has a heading, a title and no fault that axe finds, dark, light and on a phone, where nothing is beyond the edge', () => {
  for (const { name, as, path, open, shows, title, only } of views) {
    test(name, async ({ page, stack }) => {
      const desktop = only !== 'phone'
      const shown = async () => {
        await open?.(page)
        await expect(shows(page)).toBeVisible()
      }
      await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
      if (!desktop) await page.setViewportSize(phone)
      if (as) await openAs(page, stack, as, path)
      else await page.goto(path)
      await shown()
      await expect(page).toHaveTitle(`${title} · virtdeck`)
      await expect(page.locator('h1')).toHaveCount(1)
      if (desktop) {
        await expectAccessible(page)
        await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
        await expectAccessible(page, { onlyColours: true })
      }
      if (only === 'desktop') return
      if (desktop) {
        await page.setViewportSize(phone)
        await page.goto(path)
        await shown()
      }
      expect(await beyondTheEdge(page)).toEqual([])
      await expectAccessible(page)
    })
  }
})

const phone = { width: 390, height: 844 }

/** What makes the page scroll sideways, and controls that nobody can reach. What scrolls by itself may hold what it likes. */
function beyondTheEdge(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = []
    for (const element of document.querySelectorAll('html, body, main'))
      if (element.scrollWidth > element.clientWidth) found.push(`${element.tagName} is ${element.scrollWidth} px wide`)
    const scrolls = (element: Element | null): boolean =>
      element !== null && (/auto|scroll/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement))
    for (const control of document.querySelectorAll('a, button, input, select, textarea, [tabindex="0"]')) {
      const { left, right, width, height } = control.getBoundingClientRect()
      const seen = width > 1 && height > 1 && control.checkVisibility({ visibilityProperty: true, opacityProperty: true })
      const aside = right <= 0 // as the link that skips to the content, until it has the focus
      if (seen && !aside && (left < -1 || right > innerWidth + 1) && !scrolls(control.parentElement))
        found.push(`${control.outerHTML.slice(0, 120)} from ${Math.round(left)} to ${Math.round(right)} px`)
    }
    return found
  })
}

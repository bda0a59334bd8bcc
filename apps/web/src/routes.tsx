// Every page and where it hangs. What a URL needs is loaded at once and side by side; the entry stays small.
import { Navigate } from 'react-router'
import type { ComponentType } from 'react'
import type { Params, RouteObject } from 'react-router'
import type { Crumb, CrumbHandle } from './layouts/breadcrumbs.tsx'
import { ErrorPage } from './layouts/error-page.tsx'
import { paths } from './paths.ts'

/** A route's page, from the module that exports it by that name. */
const page =
  <N extends string>(load: () => Promise<{ [name in N]: ComponentType }>, name: N) =>
  async () => ({ Component: (await load())[name] })

const firstView = () => import('./first-view.ts')

const crumbs = (of: CrumbHandle['crumbs']): CrumbHandle => ({ crumbs: of })

const vmsCrumb: Crumb = { label: 'Virtual machines', to: paths.virtualMachines() }
const templatesCrumb: Crumb = { label: 'Templates', to: paths.templates() }

function vmCrumbs({ namespace = '', name = '' }: Params): Crumb[] {
  return [
    vmsCrumb,
    { label: namespace, to: paths.virtualMachines(`namespace:${namespace}`) },
    { label: name, to: paths.virtualMachine({ namespace, name }) },
  ]
}

export const routes: RouteObject[] = [
  {
    // Nothing is there to show while the first page's code is on its way.
    HydrateFallback: () => null,
    ErrorBoundary: ErrorPage,
    children: [
      { path: '/sign-in', lazy: page(() => import('./features/sign-in/sign-in-page.tsx'), 'SignInPage') },
      {
        lazy: page(firstView, 'SessionGate'),
        children: [
          { path: '/console/:namespace/:name', lazy: page(() => import('./layouts/console-page.tsx'), 'ConsolePage') },
          {
            lazy: page(firstView, 'AppShell'),
            children: [
              {
                ErrorBoundary: ErrorPage,
                children: [
                  { path: '/', element: <Navigate to={paths.virtualMachines()} replace /> },
                  {
                    path: '/virtual-machines',
                    handle: crumbs(() => [vmsCrumb]),
                    lazy: page(firstView, 'VirtualMachinesPage'),
                  },
                  {
                    path: '/virtual-machines/:namespace/:name',
                    handle: crumbs(vmCrumbs),
                    lazy: page(() => import('./features/virtual-machines/vm-page.tsx'), 'VmPage'),
                    children: [
                      { index: true, lazy: page(() => import('./features/virtual-machines/vm-overview-tab.tsx'), 'VmOverviewTab') },
                      { path: 'console', lazy: page(() => import('./features/consoles/vm-console-tab.tsx'), 'VmConsoleTab') },
                      { path: 'snapshots', lazy: page(() => import('./features/snapshots/vm-snapshots-tab.tsx'), 'VmSnapshotsTab') },
                      { path: 'events', lazy: page(() => import('./features/virtual-machines/vm-events-tab.tsx'), 'VmEventsTab') },
                      { path: 'yaml', lazy: page(() => import('./features/virtual-machines/vm-yaml-tab.tsx'), 'VmYamlTab') },
                    ],
                  },
                  {
                    path: '/snapshots',
                    handle: crumbs(() => [{ label: 'Snapshots', to: paths.snapshots() }]),
                    lazy: page(() => import('./features/snapshots/snapshots-page.tsx'), 'SnapshotsPage'),
                  },
                  {
                    path: '/volumes',
                    handle: crumbs(() => [{ label: 'Volumes', to: paths.volumes() }]),
                    lazy: page(() => import('./features/volumes/volumes-page.tsx'), 'VolumesPage'),
                  },
                  {
                    path: '/nodes',
                    handle: crumbs(() => [{ label: 'Nodes', to: paths.nodes() }]),
                    lazy: page(() => import('./features/nodes/nodes-page.tsx'), 'NodesPage'),
                  },
                  {
                    path: '/migrations',
                    handle: crumbs(() => [{ label: 'Migrations', to: paths.migrations() }]),
                    lazy: page(() => import('./features/migrations/migrations-page.tsx'), 'MigrationsPage'),
                  },
                  {
                    path: '/templates',
                    handle: crumbs(() => [templatesCrumb]),
                    lazy: page(() => import('./features/templates/templates-page.tsx'), 'TemplatesPage'),
                  },
                  {
                    path: '/templates/:name/create',
                    handle: crumbs(({ name = '' }) => [templatesCrumb, { label: name, to: paths.createFromTemplate({ name }) }]),
                    lazy: page(() => import('./features/templates/create-from-template-page.tsx'), 'CreateFromTemplatePage'),
                  },
                  {
                    path: '/activity',
                    handle: crumbs(() => [{ label: 'Activity', to: paths.activity() }]),
                    lazy: page(() => import('./features/activity/activity-page.tsx'), 'ActivityPage'),
                  },
                  {
                    path: '/my-access',
                    handle: crumbs(() => [{ label: 'My access', to: paths.myAccess() }]),
                    lazy: page(() => import('./features/access/my-access-page.tsx'), 'MyAccessPage'),
                  },
                  {
                    path: '*',
                    handle: crumbs(() => [{ label: 'Not found', to: '' }]),
                    lazy: page(() => import('./layouts/not-found-page.tsx'), 'NotFoundPage'),
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
  },
]

import { expect, test } from 'vitest'
import { paths } from './paths.ts'

test('every URL of the app', () => {
  const ref = { namespace: 'team-a', name: 'web-01' }
  expect({
    home: paths.home(),
    signIn: paths.signIn(),
    signInAndBack: paths.signIn('/virtual-machines?q=status:running'),
    virtualMachines: paths.virtualMachines(),
    virtualMachinesOfNamespace: paths.virtualMachines('namespace:team-a'),
    virtualMachine: paths.virtualMachine(ref),
    virtualMachineTab: paths.virtualMachine(ref, 'yaml'),
    vmDialog: paths.vmDialog(ref, 'cancelMigration'),
    vmConsole: paths.vmConsole(ref, 'serial'),
    consoleWindow: paths.consoleWindow(ref, 'vnc'),
    snapshot: paths.snapshot(ref, 'nightly-1', 'restore'),
    snapshots: paths.snapshots(),
    volumes: paths.volumes(),
    nodes: paths.nodes(),
    migrations: paths.migrations(),
    templates: paths.templates(),
    activity: paths.activity(),
    activityOfUser: paths.activity('user:ann'),
    myAccess: paths.myAccess(),
    createFromTemplate: paths.createFromTemplate({ name: 'ubuntu-24.04' }),
  }).toMatchInlineSnapshot(`
    {
      "activity": "/activity",
      "activityOfUser": "/activity?q=user%3Aann",
      "consoleWindow": "/console/team-a/web-01?kind=vnc",
      "createFromTemplate": "/templates/ubuntu-24.04/create",
      "home": "/",
      "migrations": "/migrations",
      "myAccess": "/my-access",
      "nodes": "/nodes",
      "signIn": "/sign-in",
      "signInAndBack": "/sign-in?rt=%2Fvirtual-machines%3Fq%3Dstatus%3Arunning",
      "snapshot": "/virtual-machines/team-a/web-01/snapshots?snapshot=nightly-1&do=restore",
      "snapshots": "/snapshots",
      "templates": "/templates",
      "virtualMachine": "/virtual-machines/team-a/web-01",
      "virtualMachineTab": "/virtual-machines/team-a/web-01/yaml",
      "virtualMachines": "/virtual-machines",
      "virtualMachinesOfNamespace": "/virtual-machines?q=namespace%3Ateam-a",
      "vmConsole": "/virtual-machines/team-a/web-01/console?kind=serial",
      "vmDialog": "/virtual-machines/team-a/web-01?do=cancelMigration",
      "volumes": "/volumes",
    }
  `)
})

test('a name cannot leave its segment', () => {
  expect(paths.virtualMachine({ namespace: '../x', name: 'a/b?c#d' })).toBe('/virtual-machines/..%2Fx/a%2Fb%3Fc%23d')
})

// The order of the recordings: what stood in the cluster, and what was asked.
import type { KubeObject } from '@virtdeck/k8s'
import type { Capture } from './captures.ts'
import type { Stage } from './stage.ts'
import { recordedVm } from './world.ts'

type Vm = {
  status?: { printableStatus?: string; ready?: boolean; conditions?: { type: string; status: string }[] }
  metadata: { uid: string; resourceVersion: string }
}

type Done = { status?: { phase?: string; readyToUse?: boolean; complete?: boolean } }

const teamA = '/apis/kubevirt.io/v1/namespaces/team-a'
const vmPath = (name: string) => `${teamA}/virtualmachines/${name}`
const vmiPath = (name: string) => `${teamA}/virtualmachineinstances/${name}`
const subresource = (name: string, verb: string) => `/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachines/${name}/${verb}`
const mergePatch = { 'Content-Type': 'application/merge-patch+json' }
const printable = (status: string) => (vm: Vm | undefined) => vm?.status?.printableStatus === status

const within = (captures: Map<string, Capture>, folder: string, except: readonly string[] = []) =>
  [...captures].flatMap(([name, capture]) =>
    capture.folder === folder && capture.kind === 'http' && !except.includes(capture.name) ? [name] : [],
  )

/** Five halted VMs, which most of the API machinery's captures look at. */
async function fiveVms(stage: Stage): Promise<void> {
  for (const index of [0, 1, 2, 3, 4]) await stage.create(recordedVm(`list${index}`), 'alice')
  for (const index of [0, 1, 2, 3, 4]) await stage.until<Vm>(vmPath(`list${index}`), printable('Stopped'))
}

const down = ['500-webhook-unreachable-on-create', '503-virt-api-down-start-immediately', '503-virt-api-down-start-later']
const discoveryDown = [
  'apis-aggregated-v2-virt-api-down',
  'apis-legacy-virt-api-down',
  'apiservice-virt-api-down',
  'subresources-v1-virt-api-down',
]

export const scenes: Record<string, (stage: Stage, captures: Map<string, Capture>) => Promise<void>> = {
  async requests(stage, captures) {
    await fiveVms(stage)
    await stage.replayAll(within(captures, 'errors', ['410-expired-continue-token', '409-stale-update', '413-too-large', ...down]))
    const list0 = await stage.ask<Vm>('GET', vmPath('list0'))
    const asListed = (body: unknown) => ({
      ...(body as KubeObject),
      metadata: { ...(body as KubeObject).metadata, uid: list0.metadata.uid },
    })
    await stage.replay('errors/409-stale-update', (request) => ({ ...request, body: asListed(request.body) }))
    // The capture's own annotation is cut.
    const long = { annotations: { a: 'x'.repeat(3_300_000) } }
    const tooLarge = (body: unknown) => ({ ...(body as KubeObject), metadata: { ...(body as KubeObject).metadata, ...long } })
    await stage.replay('errors/413-too-large', (request) => ({ ...request, body: tooLarge(request.body) }))
    for (const name of ['errors/200-watch-old-rv-ERROR-event-410', 'errors/watch-200-with-error-event-500']) {
      if (captures.has(name)) {
        const watch = await stage.open(name, { as: 'events' })
        await stage.pass(200)
        watch.close()
      }
    }
    await stage.replayAll(within(captures, 'authz'))
    await stage.replayAll(within(captures, 'table'))
    await stage.replayAll(within(captures, 'list', ['limit2-page2']))
    const first = await stage.replay('list/limit2-page1')
    const token = (JSON.parse(first?.text ?? '{}') as { metadata?: { continue?: string } }).metadata?.continue ?? ''
    const withToken = <T extends { path: string }>(request: T): T => ({
      ...request,
      path: request.path.replace(/continue=.*/, `continue=${encodeURIComponent(token)}`),
    })
    await stage.replay('list/limit2-page2', withToken)
    await stage.replayAll(within(captures, 'discovery', discoveryDown))
    await stage.ask('PATCH', vmPath('list4'), { metadata: { labels: { seen: 'later' } } }, mergePatch)
    // etcd forgets what is older than five minutes every five minutes.
    await stage.pass(11 * 60_000)
    await stage.replay('errors/410-expired-continue-token', withToken)
  },

  async virtApiDown(stage) {
    await stage.create(recordedVm('disk1'), 'alice')
    await stage.until<Vm>(vmPath('disk1'), printable('Stopped'))
    if (!stage.takeVirtApiDown()) return
    await stage.replayAll(down.map((name) => `errors/${name}`))
    await stage.replayAll(discoveryDown.map((name) => `discovery/${name}`))
  },

  async ssa(stage, captures) {
    for (const name of within(captures, 'ssa')) {
      await stage.replay(name)
      await stage.pass(200)
    }
  },

  async watches(stage, captures) {
    await fiveVms(stage)
    const names = [...captures].flatMap(([name, { folder, kind }]) =>
      folder === 'watch' && kind === 'watch' && !name.endsWith('-lifecycle') ? [name] : [],
    )
    const watches: Awaited<ReturnType<Stage['open']>>[] = []
    for (const name of names) watches.push(await stage.open(name, { as: 'events', ...(name.startsWith('watch/rv0') ? { first: 8 } : {}) }))
    await stage.pass(1000)
    await stage.ask('PATCH', vmPath('list1'), { metadata: { labels: { app: 'db' } } }, mergePatch)
    await stage.pass(2000)
    await stage.ask('PATCH', vmPath('list1'), { metadata: { labels: { app: 'web' } } }, mergePatch)
    await stage.pass(3000)
    for (const watch of watches) watch.close()
  },

  async subresources(stage, captures) {
    await stage.create(recordedVm('halted1'), 'alice')
    await stage.create(recordedVm('run1', { runStrategy: 'Always' }), 'alice')
    await stage.create(recordedVm('manual1', { runStrategy: 'Manual' }), 'alice')
    await stage.create(recordedVm('vm1', { runStrategy: 'Always' }), 'alice')
    await stage.until<Vm>(vmPath('run1'), printable('Running'))
    await stage.until<Vm>(vmPath('vm1'), printable('Running'))
    const early = [
      'migrate-halted',
      'pause-404',
      'restart-halted',
      'start-404',
      'start-already-running-Always',
      'stop-404',
      'stop-already-halted',
      'stop-manual-not-running',
      'start-manual',
    ]
    const late = ['start-manual-again', 'stop-with-grace', 'restart-with-grace-0']
    await stage.replayAll(early.map((name) => `subresources/${name}`))
    await stage.pass(5000)
    await stage.replayAll(within(captures, 'subresources', [...early, ...late]))
    await stage.replayAll(late.map((name) => `subresources/${name}`))
  },

  async admission(stage, captures) {
    await stage.create(recordedVm('halted1'), 'alice')
    await stage.create(recordedVm('run1', { runStrategy: 'Always' }), 'alice')
    await stage.until<Vm>(vmPath('run1'), printable('Running'))
    await stage.pass(2000)
    const noClaim = { name: 'hp1', disk: { disk: { bus: 'scsi' } }, volumeSource: { persistentVolumeClaim: { claimName: 'nosuch' } } }
    await stage.ask('PUT', subresource('run1', 'addvolume'), noClaim)
    await stage.pass(2000)
    const late = [
      'vm-hotplug-change-running-cpu',
      'kubevirt-cr-delete-while-workloads',
      'kubevirt-second-cr',
      'instancetype-spec-immutable',
    ]
    const first = ['dv-upload-ok']
    await stage.replayAll(first.map((name) => `admission/${name}`))
    await stage.replayAll(within(captures, 'admission', [...first, ...late, 'vmi-reserved-label-patch']))
    // Another node than the one it runs on, whichever that is here.
    const elsewhere = { metadata: { labels: { 'kubevirt.io/nodeName': 'elsewhere' } } }
    await stage.replay('admission/vmi-reserved-label-patch', (request) => ({ ...request, body: elsewhere }))
    await stage.replayAll(late.map((name) => `admission/${name}`))
    await stage.pass(3000)
    await stage.replay('lifecycle/30-vm-with-RestartRequired')
  },

  async life(stage) {
    const watches: Awaited<ReturnType<Stage['open']>>[] = []
    for (const kind of ['vm', 'vmi', 'vmim', 'pod', 'vm-table']) watches.push(await stage.open(`watch/${kind}-lifecycle`, { as: 'lives' }))
    watches.push(await stage.open('watch/events-lifecycle', { as: 'said', since: '2026-11-20T23:04:57Z' }))
    const replay = (name: string) => stage.replay(`lifecycle/${name}`)
    await replay('01-create-vm')
    await stage.until<Vm>(vmPath('vm1'), printable('Stopped'))
    await replay('02-get-halted')
    await replay('03-start')
    await stage.until<Vm>(vmPath('vm1'), printable('Running'))
    await stage.until<Vm>(vmiPath('vm1'), (vmi) => vmi?.status?.conditions?.some(({ type }) => type === 'AgentConnected') ?? false)
    await stage.pass(1000)
    await stage.replayAll(['04-get-vm-running', '05-get-vmi-running', '06-get-launcher-pod', '07-pause'].map((name) => `lifecycle/${name}`))
    await stage.until<Vm>(vmPath('vm1'), printable('Paused'))
    await stage.replayAll(['08-get-vmi-paused', '09-pause-again', '10-unpause'].map((name) => `lifecycle/${name}`))
    await stage.until<Vm>(vmPath('vm1'), printable('Running'))
    await stage.pass(1000)
    await stage.replayAll(['10b-migrate-403-for-edit-role', '11-migrate'].map((name) => `lifecycle/${name}`))
    await stage.until<Vm>(vmPath('vm1'), printable('Migrating'))
    await replay('12-migrate-while-migrating')
    await stage.until<Vm>(vmPath('vm1'), printable('Running'))
    await stage.pass(2000)
    await stage.replayAll(['13-list-migrations', '14-vmi-after-migration', '15-softreboot'].map((name) => `lifecycle/${name}`))
    await stage.pass(1000)
    await replay('16-restart')
    await stage.until<Vm>(vmPath('vm1'), (vm) => vm?.status?.printableStatus !== 'Running')
    await stage.until<Vm>(vmPath('vm1'), printable('Running'))
    await stage.until<Vm>(vmiPath('vm1'), (vmi) => vmi?.status?.conditions?.some(({ type }) => type === 'AgentConnected') ?? false)
    await replay('17-stop')
    await stage.until<Vm>(vmPath('vm1'), printable('Stopped'))
    await replay('18-get-vm-stopped')
    await stage.pass(2000)
    await replay('19-start-again')
    await stage.until<Vm>(vmPath('vm1'), printable('Paused'))
    await stage.pass(2000)
    await replay('20-delete')
    await stage.until<Vm>(vmPath('vm1'), (vm) => vm === undefined)
    await replay('21-get-deleted-404')
    await stage.pass(2000)
    for (const watch of watches) watch.close()
  },

  async printableStatuses(stage) {
    const simulation = (name: string, value: string) => ({
      'simulation.virtdeck.io/guest-agent': 'none',
      [`simulation.virtdeck.io/${name}`]: value,
    })
    const volumes = (root: object) => ({
      templateSpec: {
        volumes: [
          { name: 'root', ...root },
          { name: 'cloudinit', cloudInitNoCloud: { userData: '#cloud-config\npassword: fedora\n' } },
        ],
      },
    })
    const always = { runStrategy: 'Always' }
    const imported = (name: string, storageClassName: string) => ({
      ...always,
      spec: {
        dataVolumeTemplates: [
          {
            metadata: { name: `${name}-root` },
            spec: {
              source: { http: { url: 'http://images.example/f.qcow2' } },
              storage: {
                accessModes: ['ReadWriteMany'],
                resources: { requests: { storage: '2Gi' } },
                storageClassName,
                volumeMode: 'Filesystem',
              },
            },
          },
        ],
      },
      ...volumes({ dataVolume: { name: `${name}-root` } }),
    })
    const sized = (instancetype: object) => ({ ...always, spec: instancetype, domain: {} })
    const unpullable = volumes({ containerDisk: { image: 'registry.invalid/containerdisks/fedora:41' } })
    const powerOff = simulation('power-off', 'true')
    const vms: Record<string, Parameters<typeof recordedVm>[1]> = {
      'ps-crash2': { ...always, annotations: simulation('start-failure', 'no such device') },
      'ps-dvimport': imported('ps-dvimport', 'rig-rwx'),
      'ps-wffc': imported('ps-wffc', 'rig-wffc'),
      'ps-imagepull': { ...always, ...unpullable },
      'ps-errimage': { ...always, ...unpullable },
      'ps-guestshutdown': { runStrategy: 'Manual', annotations: powerOff },
      'ps-once': { runStrategy: 'Once', annotations: powerOff },
      'ps-rerun': { runStrategy: 'RerunOnFailure', annotations: powerOff },
      'ps-it': sized({ instancetype: { name: 'u1.small' }, preference: { name: 'fedora' } }),
      'ps-noit': sized({ instancetype: { name: 'nosuch' } }),
      'ps-nopvc': { ...always, ...volumes({ persistentVolumeClaim: { claimName: 'nosuch' } }) },
      'ps-nodv': { ...always, ...volumes({ dataVolume: { name: 'nosuch' } }) },
      'ps-unsched': { ...always, domain: { cpu: { cores: 64 }, memory: { guest: '512Mi' }, resources: { requests: { cpu: '64' } } } },
    }
    for (const [name, options] of Object.entries(vms)) await stage.create(recordedVm(name, options))
    await stage.ask('PUT', subresource('ps-guestshutdown', 'start'), {})
    const waits: [name: string, wanted: string, vm?: string][] = [
      ['imagepull', 'ImagePullBackOff'],
      ['errimage', 'ErrImagePull'],
      ['guestshutdown', 'Stopped'],
      ['once', 'Stopped'],
      ['rerun', 'Stopped'],
      ['nopvc', 'ErrorPvcNotFound'],
      ['nodv', 'ErrorPvcNotFound'],
      ['noit', 'Stopped'],
      ['unsched', 'ErrorUnschedulable'],
      ['it', 'Running'],
      ['dvimport', 'Running'],
      ['wffc', 'Running'],
      ['crashloop', 'CrashLoopBackOff', 'ps-crash2'],
    ]
    // Every one has been somewhere before it stops.
    await stage.pass(6000)
    for (const [name, wanted, vm = `ps-${name}`] of waits) {
      await stage.until<Vm>(vmPath(vm), printable(wanted))
      if (wanted === 'Running') await stage.pass(1000)
      await stage.replay(`lifecycle/ps-${name}`)
    }
  },

  async data(stage) {
    const dataVm = recordedVm('disk1', {
      spec: {
        dataVolumeTemplates: [
          {
            metadata: { name: 'disk1-root' },
            spec: { source: { http: { url: 'http://images.example/f.qcow2' } }, storage: { resources: { requests: { storage: '2Gi' } } } },
          },
        ],
      },
      templateSpec: {
        volumes: [
          { name: 'root', dataVolume: { name: 'disk1-root' } },
          { name: 'cloudinit', cloudInitNoCloud: { userData: '#cloud-config\npassword: fedora\n' } },
        ],
      },
    })
    // These were opened amid other recordings, with objects that came and went before.
    const begunLate = new Set(['dv', 'pvc', 'snapshotcontent'])
    const kinds = ['dv', 'pvc', 'snapshot', 'snapshotcontent', 'restore', 'clone']
    const watches: Awaited<ReturnType<Stage['open']>>[] = []
    for (const kind of kinds) watches.push(await stage.open(`watch/${kind}-lifecycle`, { as: begunLate.has(kind) ? 'known' : 'lives' }))
    await stage.create(dataVm, 'alice')
    await stage.until<Done>(
      '/apis/cdi.kubevirt.io/v1beta1/namespaces/team-a/datavolumes/disk1-root',
      (dv) => dv?.status?.phase === 'Succeeded',
    )
    await stage.create(recordedVm('vm1', { runStrategy: 'Always', annotations: {} }), 'alice')
    await stage.create({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'hp-pvc', namespace: 'team-a' },
      spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'rig-rwx' },
    })
    await stage.until<Vm>(vmPath('vm1'), printable('Running'))
    await stage.pass(8000)
    const snapshotPath = '/apis/snapshot.kubevirt.io/v1beta1/namespaces/team-a'
    const replay = (...names: string[]) => stage.replayAll(names.map((name) => `lifecycle/${name}`))
    await replay('40-snapshot-create')
    await stage.until<Done>(`${snapshotPath}/virtualmachinesnapshots/snap1`, (snapshot) => snapshot?.status?.readyToUse === true)
    await stage.pass(1000)
    await replay('41-snapshot-ready', '42-snapshotcontents', '43-volumesnapshots', '44-restore-create')
    await stage.until<Done>(`${snapshotPath}/virtualmachinerestores/restore1`, (restore) => restore?.status?.complete === true)
    await stage.pass(1000)
    await replay('45-restore-complete', '46-clone-create')
    await stage.until<Done>(
      '/apis/clone.kubevirt.io/v1beta1/namespaces/team-a/virtualmachineclones/clone1',
      (clone) => clone?.status?.phase === 'Succeeded',
    )
    await replay('47-clone-done', '48-cloned-vm', '50-addvolume')
    await stage.pass(5000)
    await replay('51-vmi-with-hotplug', '52-removevolume')
    await stage.pass(3000)
    for (const watch of watches) watch.close()
  },

  async consoles(stage, captures) {
    await stage.create(recordedVm('halted1'), 'alice')
    await stage.create(recordedVm('vm1', { runStrategy: 'Always' }), 'alice')
    await stage.until<Vm>(vmPath('vm1'), printable('Running'))
    for (const [name, { folder, kind }] of captures) if (folder === 'console' && kind === 'websocket') await stage.upgrade(name)
  },
}

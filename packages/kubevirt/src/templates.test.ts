import type { DataVolume, PersistentVolumeClaim, VirtualMachine, VmTemplate } from '@virtdeck/k8s'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { decodedBase64 } from './cloud-init.ts'
import { ownedByVm, projectTemplateRow, templateFacts, vmFromTemplate, type TemplateImage, type TemplateValues } from './templates.ts'

const GiB = 2 ** 30

function templateOf(
  more: { spec?: object; metadata?: object; domain?: object; volumes?: object[]; annotations?: Record<string, string> } = {},
): VmTemplate {
  return {
    apiVersion: 'spectrocloud.com/v1',
    kind: 'VmTemplate',
    metadata: {
      name: 'ubuntu-2404',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: '2026-11-20T10:00:00Z',
      labels: { 'app.kubernetes.io/name': 'ubuntu-2404' },
      ...more.metadata,
    },
    spec: {
      displayName: 'Ubuntu server',
      description: 'General-purpose Linux.',
      dataVolumeTemplates: [
        {
          metadata: { name: 'ubuntu-2404-root', namespace: 'vmo-golden-images' },
          spec: {
            source: { pvc: { namespace: 'vmo-golden-images', name: 'ubuntu-2404' } },
            storage: { resources: { requests: { storage: '20Gi' } }, storageClassName: 'fast' },
          },
        },
        { metadata: { name: 'data' }, spec: { source: { blank: {} }, storage: { resources: { requests: { storage: '5Gi' } } } } },
      ],
      template: {
        metadata: {
          annotations: { 'vm.kubevirt.io/os': 'ubuntu24.04', ...more.annotations },
          labels: { 'kubevirt.io/domain': 'ubuntu-2404', 'kubevirt.io/size': 'small' },
        },
        spec: {
          hostname: 'template',
          domain: {
            cpu: { cores: 2, sockets: 1, threads: 1, model: 'host-model' },
            memory: { guest: '2Gi' },
            firmware: { uuid: 'fixed', bootloader: { efi: {} } },
            resources: { requests: { memory: '1Gi', cpu: '500m' }, limits: { memory: '3Gi' } },
            devices: {
              disks: [
                { name: 'seed', disk: { bus: 'virtio' } },
                { name: 'data', disk: { bus: 'virtio' } },
                { name: 'root', bootOrder: 1, disk: { bus: 'virtio' } },
              ],
              interfaces: [{ name: 'default', masquerade: {}, macAddress: '02:00:00:00:00:01' }],
            },
            ...more.domain,
          },
          networks: [{ name: 'default', pod: {} }],
          volumes: more.volumes ?? [
            {
              name: 'seed',
              cloudInitNoCloud: {
                userData: '#cloud-config\nuser: spectro\npassword: spectro\npackages: [vim]\n',
                networkData: 'version: 2',
              },
            },
            { name: 'root', dataVolume: { name: 'ubuntu-2404-root' } },
            { name: 'data', dataVolume: { name: 'data' } },
          ],
        },
      },
      ...more.spec,
    },
  } as unknown as VmTemplate
}

const values: TemplateValues = {
  name: 'web-01',
  namespace: 'team-a',
  cpus: 4,
  memoryBytes: 4 * GiB,
  diskBytes: 40 * GiB,
  start: true,
  login: { kind: 'password', user: 'ada', password: 'correct horse' },
}

const build = (template = templateOf(), more: Partial<TemplateValues> = {}) => vmFromTemplate(template, { ...values, ...more })
const specOf = (vm: Pick<VirtualMachine, 'spec'>) => vm.spec.template.spec

describe('templateFacts [F043]', () => {
  test('tells what one gets', () => {
    expect(templateFacts(templateOf())).toEqual({
      uid: 'u',
      name: 'ubuntu-2404',
      createdAt: Date.parse('2026-11-20T10:00:00Z') / 1000,
      displayName: 'Ubuntu server',
      description: 'General-purpose Linux.',
      os: 'ubuntu',
      osName: 'Ubuntu 24.04',
      family: 'linux',
      cpus: 2,
      memoryBytes: 2 * GiB,
      diskBytes: 20 * GiB,
      origin: { kind: 'clone', resource: 'persistentvolumeclaims', namespace: 'vmo-golden-images', name: 'ubuntu-2404' },
      moreDisks: 1,
      login: true,
      user: 'spectro',
      image: 'ready',
      labels: { 'app.kubernetes.io/name': 'ubuntu-2404' },
    })
  })

  test('knows Windows by its annotation and offers it no login', () => {
    expect(templateFacts(templateOf({ annotations: { 'vm.kubevirt.io/os': 'windows2k22' } }))).toMatchObject({
      os: 'windows',
      osName: 'Windows Server 2022',
      family: 'windows',
      login: false,
    })
  })

  test('knows the system by the template’s name where nothing else tells', () => {
    const template = templateOf({ metadata: { name: 'fedora-42', labels: {} }, annotations: { 'vm.kubevirt.io/os': '' } })
    expect(templateFacts(template)).toMatchObject({ os: 'fedora', osName: 'Fedora 42' })
  })

  test.each([
    [{ containerDisk: { image: 'quay.io/containerdisks/fedora:41' } }, { kind: 'image', image: 'quay.io/containerdisks/fedora:41' }],
    [{ persistentVolumeClaim: { claimName: 'golden' } }, { kind: 'existing', name: 'golden' }],
    [
      { dataVolume: { name: 'ubuntu-2404-root' } },
      { kind: 'clone', resource: 'persistentvolumeclaims', namespace: 'vmo-golden-images', name: 'ubuntu-2404' },
    ],
    [{ emptyDisk: { capacity: '1Gi' } }, undefined],
  ])('knows where the disk %j comes from', (volume, origin) => {
    expect(templateFacts(templateOf({ volumes: [{ name: 'root', ...volume }] })).origin).toEqual(origin)
  })

  test('offers no login where the user data is in a Secret that nobody can add to', () => {
    const volumes = [{ name: 'seed', cloudInitNoCloud: { secretRef: { name: 'x' } } }]
    expect(templateFacts(templateOf({ volumes })).login).toBe(false)
  })

  test('says that its image is missing, being imported or broken, as far as that is known', () => {
    const facts = (image?: TemplateImage) => projectTemplateRow(templateOf(), image)
    const metadata = { name: 'ubuntu-2404', namespace: 'vmo-golden-images', uid: 'c', creationTimestamp: '2026-11-20T10:00:00Z' }
    const pvc = { metadata, status: { phase: 'Bound' } } as PersistentVolumeClaim
    const dataVolume = (status: DataVolume['status']) => ({ metadata, spec: { source: { http: {} } }, status }) as DataVolume
    expect(facts()).toMatchObject({ image: 'ready' })
    expect(facts({ pvc })).toMatchObject({ image: 'ready' })
    expect(facts({ pvc, dataVolume: dataVolume({ phase: 'Succeeded', progress: '100.0%' }) })).toMatchObject({ image: 'ready' })
    expect(facts('missing')).toMatchObject({ image: 'missing', notReadyReason: 'Its image ubuntu-2404 is missing in vmo-golden-images.' })
    expect(facts({ pvc, dataVolume: dataVolume({ phase: 'ImportInProgress', progress: '64.2%' }) })).toMatchObject({
      image: 'importing',
      progress: 64.2,
      notReadyReason: 'Its image ubuntu-2404 is still being imported.',
    })
    const conditions = [{ type: 'Running', status: 'False', message: 'no space left' }]
    const failed = facts({ pvc, dataVolume: dataVolume({ phase: 'Failed', conditions } as DataVolume['status']) })
    expect(failed).toMatchObject({ image: 'missing', notReadyReason: expect.stringContaining('no space left') as string })
  })

  test('keeps of where a disk is downloaded from only the host: the URL may bear a password', () => {
    const url = 'https://me:secret@images.example.com/a.img?token=secret'
    const disk = (http: object) =>
      projectTemplateRow(
        templateOf({
          spec: { dataVolumeTemplates: [{ metadata: { name: 'root' }, spec: { source: { http }, storage: {} } }] },
          volumes: [{ name: 'root', dataVolume: { name: 'root' } }],
        }),
      ).origin
    expect(disk({ url })).toEqual({ kind: 'download', host: 'images.example.com' })
    expect(disk({ url: 'no url: secret' })).toEqual({ kind: 'download' })
  })

  test('has a row without texts that have no end', () => {
    const row = projectTemplateRow(templateOf({ spec: { displayName: 'n'.repeat(900), description: 'd '.repeat(900) } }))
    expect([row.displayName.length, row.description?.length]).toEqual([200, 500])
  })
})

describe('vmFromTemplate [F044]', () => {
  test('makes a VM of the chosen name, size and namespace', () => {
    const { vm } = build()
    expect(vm).toMatchObject({
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachine',
      metadata: { name: 'web-01', namespace: 'team-a', labels: { 'vm.kubevirt.io/template': 'ubuntu-2404' } },
      spec: { runStrategy: 'Always' },
    })
    expect(specOf(vm)?.domain.cpu).toEqual({ cores: 4, sockets: 1, threads: 1, model: 'host-model' })
    expect(specOf(vm)?.domain.memory).toEqual({ guest: '4Gi' })
    expect(vm.spec.template.metadata?.labels).toMatchObject({ 'kubevirt.io/domain': 'web-01', 'kubevirt.io/size': 'small' })
  })

  test('keeps requests and limits in proportion to what the guest gets', () => {
    expect(specOf(build().vm)?.domain.resources).toEqual({ requests: { memory: '2Gi', cpu: '1000m' }, limits: { memory: '6Gi' } })
    expect(specOf(build(templateOf(), { cpus: undefined, memoryBytes: undefined }).vm)?.domain.resources).toEqual({
      requests: { memory: '1Gi', cpu: '500m' },
      limits: { memory: '3Gi' },
    })
  })

  test('gives every disk the VM’s name, the root disk its size, and drops the template’s namespace', () => {
    const { vm } = build()
    expect(vm.spec.dataVolumeTemplates?.map(({ metadata, spec }) => [metadata, spec.storage?.resources?.requests?.['storage']])).toEqual([
      [{ name: 'web-01-root' }, '40Gi'],
      [{ name: 'web-01-data' }, '5Gi'],
    ])
    expect(specOf(vm)?.volumes?.slice(1)).toEqual([
      { name: 'root', dataVolume: { name: 'web-01-root' } },
      { name: 'data', dataVolume: { name: 'web-01-data' } },
    ])
  })

  test('takes over nothing that may exist once only', () => {
    const spec = specOf(build().vm)
    expect(spec?.domain.devices.interfaces).toEqual([{ name: 'default', masquerade: {} }])
    expect(spec?.domain.firmware).toEqual({ bootloader: { efi: {} } })
    expect(spec?.hostname).toBe('web-01')
  })

  test('starts it only if asked', () => {
    expect(build(templateOf(), { start: false }).vm.spec.runStrategy).toBe('Halted')
    expect(build(templateOf({ spec: { runStrategy: 'Manual' } }), { start: false }).vm.spec.runStrategy).toBe('Manual')
    expect(build(templateOf({ spec: { runStrategy: 'Manual' } })).vm.spec.runStrategy).toBe('Always')
    expect(build(templateOf({ spec: { runStrategy: 'RerunOnFailure' } })).vm.spec.runStrategy).toBe('RerunOnFailure')
  })

  test('keeps the password in a Secret; the VM names it and holds no plaintext [F060]', () => {
    const { vm, secret } = build()
    expect(specOf(vm)?.volumes?.[0]).toEqual({
      name: 'seed',
      cloudInitNoCloud: { networkData: 'version: 2', secretRef: { name: 'web-01-cloud-init' } },
    })
    expect(JSON.stringify(vm)).not.toContain('correct horse')
    expect(secret?.metadata).toMatchObject({ name: 'web-01-cloud-init', namespace: 'team-a' })
    const userData = decodedBase64(secret?.data?.['userdata'] ?? '') ?? ''
    expect(parse(userData)).toEqual({
      user: 'ada',
      password: 'correct horse',
      chpasswd: { expire: false },
      ssh_pwauth: true,
      packages: ['vim'],
    })
  })

  test('needs no Secret without a login, and still drops the template’s default password', () => {
    const { vm, secret } = build(templateOf(), { login: { kind: 'none' } })
    expect(secret).toBeUndefined()
    expect(specOf(vm)?.volumes?.[0]?.cloudInitNoCloud?.userData).toBe('#cloud-config\npackages: [vim]\n')
  })

  test('adds the cloud-init disk that a template lacks', () => {
    const template = templateOf({
      volumes: [{ name: 'root', containerDisk: { image: 'quay.io/containerdisks/fedora:41' } }],
      domain: { devices: { disks: [{ name: 'root', disk: { bus: 'virtio' } }] } },
    })
    const spec = specOf(build(template).vm)
    expect(spec?.volumes?.at(-1)).toEqual({ name: 'cloudinit', cloudInitNoCloud: { secretRef: { name: 'web-01-cloud-init' } } })
    expect(spec?.domain.devices.disks?.at(-1)).toEqual({ name: 'cloudinit', disk: { bus: 'virtio' } })
  })

  test('leaves the template itself as it was', () => {
    const template = templateOf()
    const before = structuredClone(template)
    build(template)
    expect(template).toEqual(before)
  })

  test('hands the Secret over to the VM, so that both go together', () => {
    expect(ownedByVm({ name: 'web-01', uid: 'u9' })).toEqual({
      metadata: { ownerReferences: [{ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', name: 'web-01', uid: 'u9' }] },
    })
  })
})

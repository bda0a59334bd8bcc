// What every scenario stands on: namespaces, nodes, storage, KubeVirt, CDI, instance types, images, templates, roles.
import type { KubeObject } from '@virtdeck/k8s'
import type { Storage } from '../storage/storage.ts'
import { defaultRoles } from './default-roles.ts'
import { rbacObjects } from './demo-users.ts'
import { clusterInstancetypes } from './instancetype-catalog.ts'
import { clusterPreferences } from './preference-catalog.ts'
import { goldenImages, uidOf, vmTemplates } from './templates.ts'

const imagesNamespace = 'vmo-golden-images'
export const sharedStorage = 'ceph-block'
export const localStorage = 'local-path'

export type NodeSize = { name: string; zone: string; cores: number; memoryGi: number; index: number; ip: string }

/** RFC 3339, a number of days before `nowMs`. */
const daysAgo = (nowMs: number, days: number): string => new Date(nowMs - days * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z')

function nodeObject({ name, zone, cores, memoryGi, index, ip }: NodeSize, nowMs: number): KubeObject {
  const resources = {
    cpu: String(cores),
    'devices.kubevirt.io/kvm': '1k',
    'devices.kubevirt.io/tun': '1k',
    'devices.kubevirt.io/vhost-net': '1k',
    'ephemeral-storage': '890Gi',
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: `${memoryGi * 1024 * 1024}Ki`,
    pods: '250',
  }
  const since = daysAgo(nowMs, 88 - (index % 7))
  const heartbeat = daysAgo(nowMs, 0)
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    lastHeartbeatTime: heartbeat,
    lastTransitionTime: since,
    reason,
    message,
  })
  return {
    metadata: {
      name,
      creationTimestamp: since,
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'cpu-model.node.kubevirt.io/Cascadelake-Server': 'true',
        'cpu-model.node.kubevirt.io/Skylake-Server': 'true',
        'cpu-vendor.node.kubevirt.io/Intel': 'true',
        'host-model-cpu.node.kubevirt.io/Cascadelake-Server': 'true',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubevirt.io/schedulable': 'true',
        'machine-type.node.kubevirt.io/pc-q35-rhel9.6.0': 'true',
        'machine-type.node.kubevirt.io/q35': 'true',
        'node-role.kubernetes.io/worker': '',
        'topology.kubernetes.io/region': 'fra',
        'topology.kubernetes.io/zone': zone,
      },
      annotations: { 'kubevirt.io/heartbeat': heartbeat, 'node.alpha.kubernetes.io/ttl': '0' },
    },
    spec: { podCIDR: `10.244.${index}.0/24` },
    status: {
      capacity: resources,
      allocatable: resources,
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
        condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
      ],
      addresses: [
        { type: 'InternalIP', address: ip },
        { type: 'Hostname', address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: {
        machineID: name,
        systemUUID: name,
        bootID: name,
        kernelVersion: '6.8.0-49-generic',
        osImage: 'Ubuntu 22.04.5 LTS',
        containerRuntimeVersion: 'containerd://1.7.22',
        kubeletVersion: 'v1.32.13',
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
    },
  }
}

const cdiLabels = {
  app: 'containerized-data-importer',
  'app.kubernetes.io/component': 'storage',
  'app.kubernetes.io/managed-by': 'cdi-controller',
  'cdi.kubevirt.io': '',
}

export type BaseOptions = {
  nowMs: number
  namespaces: { name: string; labels?: Record<string, string> }[]
  nodes: NodeSize[]
  /** Annotations for the KubeVirt CR: the simulation's own switches live there. */
  kubeVirtAnnotations?: Record<string, string>
  /** Roles and bindings beside the defaults, as [storage key, object]: those of the demo users unless given. */
  access?: [key: string, KubeObject][]
}

export function seedBase(storage: Storage, { nowMs, namespaces, nodes, kubeVirtAnnotations, access = rbacObjects() }: BaseOptions): void {
  const installed = daysAgo(nowMs, 90)
  // The same uids in every cluster of the simulation: VMs pin instance types by theirs.
  const create = (key: string, object: KubeObject) =>
    storage.create(key, {
      ...object,
      metadata: {
        creationTimestamp: installed,
        uid: uidOf(key, `${object.metadata.namespace}/${object.metadata.name}`),
        ...object.metadata,
      },
    })
  const namespace = (name: string, labels: Record<string, string> = {}) =>
    create('namespaces', {
      metadata: { name, labels: { ...labels, 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    })

  for (const name of ['default', 'kube-node-lease', 'kube-public', 'kube-system']) namespace(name)
  namespace('kubevirt', { 'kubevirt.io': '', 'pod-security.kubernetes.io/enforce': 'privileged' })
  namespace('cdi', { 'cdi.kubevirt.io': '' })
  namespace('virtdeck')
  namespace(imagesNamespace)
  for (const { name, labels } of namespaces) namespace(name, labels)
  for (const node of nodes) create('nodes', nodeObject(node, nowMs))

  create('storageclasses.storage.k8s.io', {
    metadata: {
      name: sharedStorage,
      annotations: { 'storageclass.kubernetes.io/is-default-class': 'true', 'storageclass.kubevirt.io/is-default-virt-class': 'true' },
    },
    provisioner: 'rook-ceph.rbd.csi.ceph.com',
    parameters: { clusterID: 'rook-ceph', pool: 'replicapool', imageFeatures: 'layering' },
    reclaimPolicy: 'Delete',
    allowVolumeExpansion: true,
    volumeBindingMode: 'Immediate',
  })
  create('storageclasses.storage.k8s.io', {
    metadata: { name: localStorage },
    provisioner: 'rancher.io/local-path',
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  create('volumesnapshotclasses.snapshot.storage.k8s.io', {
    metadata: { name: 'ceph-block-snapshots', annotations: { 'snapshot.storage.kubernetes.io/is-default-class': 'true' } },
    driver: 'rook-ceph.rbd.csi.ceph.com',
    deletionPolicy: 'Delete',
  })
  const profile = (name: string, provisioner: string, claimPropertySets: object[], cloneStrategy: string, extra: object = {}) =>
    create('storageprofiles.cdi.kubevirt.io', {
      metadata: { name, labels: cdiLabels },
      spec: {},
      status: {
        claimPropertySets,
        cloneStrategy,
        dataImportCronSourceFormat: cloneStrategy === 'copy' ? 'pvc' : 'snapshot',
        provisioner,
        storageClass: name,
        ...extra,
      },
    })
  profile(
    sharedStorage,
    'rook-ceph.rbd.csi.ceph.com',
    [
      { accessModes: ['ReadWriteMany'], volumeMode: 'Block' },
      { accessModes: ['ReadWriteOnce'], volumeMode: 'Block' },
      { accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem' },
    ],
    'csi-clone',
    { snapshotClass: 'ceph-block-snapshots' },
  )
  profile(localStorage, 'rancher.io/local-path', [{ accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem' }], 'copy')

  const ready = (type: string, status: string, reason: string, message: string) => ({
    lastProbeTime: installed,
    lastTransitionTime: installed,
    message,
    reason,
    status,
    type,
  })
  create('kubevirts.kubevirt.io', {
    metadata: {
      name: 'kubevirt',
      namespace: 'kubevirt',
      finalizers: ['foregroundDeleteKubeVirt'],
      annotations: {
        'kubevirt.io/latest-observed-api-version': 'v1',
        'kubevirt.io/storage-observed-api-version': 'v1',
        ...kubeVirtAnnotations,
      },
    },
    spec: {
      certificateRotateStrategy: {},
      configuration: {
        developerConfiguration: { featureGates: ['Snapshot', 'VMExport', 'HotplugVolumes', 'ExpandDisks', 'VMLiveUpdateFeatures'] },
        evictionStrategy: 'LiveMigrate',
        migrations: { parallelMigrationsPerCluster: 5, parallelOutboundMigrationsPerNode: 2 },
        vmRolloutStrategy: 'LiveUpdate',
      },
      customizeComponents: {},
      imagePullPolicy: 'IfNotPresent',
      infra: { replicas: 2 },
      workloadUpdateStrategy: { workloadUpdateMethods: ['LiveMigrate'] },
    },
    status: {
      conditions: [
        ready('Available', 'True', 'AllComponentsReady', 'All components are ready.'),
        ready('Progressing', 'False', 'AllComponentsReady', 'All components are ready.'),
        ready('Degraded', 'False', 'AllComponentsReady', 'All components are ready.'),
        ready('Created', 'True', 'AllResourcesCreated', 'All resources were created.'),
      ],
      defaultArchitecture: 'amd64',
      observedKubeVirtRegistry: 'quay.io/kubevirt',
      observedKubeVirtVersion: 'v1.6.6',
      operatorVersion: 'v1.6.6',
      outdatedVirtualMachineInstanceWorkloads: 0,
      phase: 'Deployed',
      targetKubeVirtRegistry: 'quay.io/kubevirt',
      targetKubeVirtVersion: 'v1.6.6',
    },
  })
  create('cdis.cdi.kubevirt.io', {
    metadata: { name: 'cdi', finalizers: ['operator.cdi.kubevirt.io'] },
    spec: { config: { featureGates: ['HonorWaitForFirstConsumer'] }, imagePullPolicy: 'IfNotPresent' },
    status: { observedVersion: 'v1.64.0', operatorVersion: 'v1.64.0', phase: 'Deployed', targetVersion: 'v1.64.0' },
  })
  create('cdiconfigs.cdi.kubevirt.io', {
    metadata: { name: 'config', labels: cdiLabels },
    spec: { featureGates: ['HonorWaitForFirstConsumer'] },
    status: {
      defaultPodResourceRequirements: { limits: { cpu: '750m', memory: '600M' }, requests: { cpu: '100m', memory: '60M' } },
      filesystemOverhead: { global: '0.06', storageClass: { [sharedStorage]: '0.06', [localStorage]: '0.06' } },
      importProxy: { HTTPProxy: '', HTTPSProxy: '', noProxy: '', trustedCAProxy: '' },
      scratchSpaceStorageClass: sharedStorage,
    },
  })
  for (const object of clusterInstancetypes()) create('virtualmachineclusterinstancetypes.instancetype.kubevirt.io', object)
  for (const object of clusterPreferences()) create('virtualmachineclusterpreferences.instancetype.kubevirt.io', object)

  for (const [name, vlan] of [
    ['vlan-120', 120],
    ['vlan-240', 240],
  ] as const) {
    for (const home of ['default', ...namespaces.map((one) => one.name)]) {
      create('network-attachment-definitions.k8s.cni.cncf.io', {
        metadata: { name, namespace: home, annotations: { 'k8s.v1.cni.cncf.io/resourceName': 'bridge.network.kubevirt.io/br1' } },
        spec: { config: JSON.stringify({ cniVersion: '0.3.1', name, type: 'bridge', bridge: 'br1', vlan, ipam: {} }) },
      })
    }
  }
  for (const [key, object] of [...defaultRoles(), ...access]) create(key, object)
  for (const [key, object] of goldenImages(nowMs)) create(key, object)
  for (const object of vmTemplates()) create('vmtemplates.spectrocloud.com', object)
}

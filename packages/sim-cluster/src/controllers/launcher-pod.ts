// The virt-launcher pod that carries a VMI, as virt-controller renders it.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-controller/services/template.go
import type { Pod, VirtualMachineInstance } from '@virtdeck/k8s'
import { controllerRef, vmis, type New } from './objects.ts'
import { formatBytes, formatCores } from './quantity.ts'
import { podRequestsOf } from './vmi-spec.ts'
import { isHotplugVolume } from './volumes.ts'

const image = 'quay.io/kubevirt/virt-launcher:v1.6.6'
const devices = { 'devices.kubevirt.io/kvm': '1', 'devices.kubevirt.io/tun': '1', 'devices.kubevirt.io/vhost-net': '1' }
const containerDiskResources = {
  limits: { cpu: '10m', memory: '40M' },
  requests: { cpu: '1m', 'ephemeral-storage': '50M', memory: '1M' },
}
const restricted = { runAsUser: 107, runAsGroup: 107, runAsNonRoot: true, fsGroup: 107 }
const emptyDirs = [
  'private',
  'public',
  'sockets',
  'virt-bin-share-dir',
  'libvirt-runtime',
  'ephemeral-disks',
  'container-disks',
  'hotplug-disks',
].map((name) => ({ name, emptyDir: {} }))
const mounts = [
  { name: 'private', mountPath: '/var/run/kubevirt-private' },
  { name: 'public', mountPath: '/var/run/kubevirt' },
  { name: 'ephemeral-disks', mountPath: '/var/run/kubevirt-ephemeral-disks' },
  { name: 'libvirt-runtime', mountPath: '/var/run/libvirt' },
  { name: 'sockets', mountPath: '/var/run/kubevirt/sockets' },
  { name: 'container-disks', mountPath: '/var/run/kubevirt/container-disks', mountPropagation: 'HostToContainer' },
  { name: 'hotplug-disks', mountPath: '/var/run/kubevirt/hotplug-disks', mountPropagation: 'HostToContainer' },
]
const tolerations = ['not-ready', 'unreachable'].map((condition) => ({
  key: `node.kubernetes.io/${condition}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 300,
}))
const environment = [
  { name: 'XDG_CACHE_HOME', value: '/var/run/kubevirt-private' },
  { name: 'XDG_CONFIG_HOME', value: '/var/run/kubevirt-private' },
  { name: 'XDG_RUNTIME_DIR', value: '/var/run' },
]

/** Pod-level scheduling of a launcher: where its VMI may run. */
type Placement = { notOnNode?: string; nodeSelector?: Record<string, string>; migrationUid?: string }

export function launcherPod(vmi: VirtualMachineInstance, suffix: string, placement: Placement = {}): New<Pod> {
  const { name, namespace, uid, labels = {}, annotations = {} } = vmi.metadata
  const requests = podRequestsOf(vmi.spec)
  const claims = (vmi.spec?.volumes ?? []).flatMap((volume) => {
    const claimName = volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName
    return claimName && !isHotplugVolume(volume) ? [{ name: volume.name, persistentVolumeClaim: { claimName } }] : []
  })
  const containerDisks = (vmi.spec?.volumes ?? []).flatMap((volume) =>
    volume.containerDisk ? [{ name: `volume${volume.name}`, image: volume.containerDisk.image }] : [],
  )
  const affinity = vmi.spec?.affinity as
    | { nodeAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms?: object[] } }; podAntiAffinity?: object }
    | undefined
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  const hostModel = { key: 'node-labeller.kubevirt.io/obsolete-host-model', operator: 'DoesNotExist' }
  const elsewhere = placement.notOnNode ? [{ key: 'kubernetes.io/hostname', operator: 'NotIn', values: [placement.notOnNode] }] : []
  const terms = (required?.length ? required : [{}]).map((term) => ({
    ...term,
    matchExpressions: [...((term as { matchExpressions?: object[] }).matchExpressions ?? []), hostModel, ...elsewhere],
  }))
  return {
    metadata: {
      name: `virt-launcher-${name}-${suffix}`,
      generateName: `virt-launcher-${name}-`,
      ...(namespace ? { namespace } : {}),
      labels: {
        ...labels,
        'kubevirt.io': 'virt-launcher',
        'kubevirt.io/created-by': uid,
        'vm.kubevirt.io/name': name,
        ...(placement.migrationUid ? { 'kubevirt.io/migrationJobUID': placement.migrationUid } : {}),
      },
      annotations: {
        'descheduler.alpha.kubernetes.io/request-evict-only': '',
        'kubectl.kubernetes.io/default-container': 'compute',
        'kubevirt.io/domain': name,
        'kubevirt.io/migrationTransportUnix': 'true',
        ...(annotations['kubevirt.io/vm-generation'] ? { 'kubevirt.io/vm-generation': annotations['kubevirt.io/vm-generation'] } : {}),
      },
      ownerReferences: [controllerRef(vmis, vmi)],
    },
    spec: {
      volumes: [...emptyDirs, ...claims],
      containers: [
        {
          name: 'compute',
          image,
          command: [
            '/usr/bin/virt-launcher-monitor',
            '--qemu-timeout',
            '287s',
            '--name',
            name,
            '--uid',
            uid,
            '--namespace',
            namespace ?? '',
            '--run-as-nonroot',
          ],
          env: environment,
          resources: {
            limits: devices,
            requests: {
              cpu: formatCores(requests.cores),
              ...devices,
              'ephemeral-storage': '50M',
              memory: formatBytes(requests.memoryBytes),
            },
          },
          volumeMounts: mounts,
          imagePullPolicy: 'IfNotPresent',
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'FallbackToLogsOnError',
        },
        ...containerDisks.map((disk) => ({
          ...disk,
          command: ['/usr/bin/container-disk'],
          imagePullPolicy: 'IfNotPresent',
          resources: containerDiskResources,
        })),
      ],
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: (vmi.spec?.terminationGracePeriodSeconds ?? 30) + 30,
      dnsPolicy: 'ClusterFirst',
      nodeSelector: {
        'kubernetes.io/arch': vmi.spec?.architecture ?? 'amd64',
        'kubevirt.io/schedulable': 'true',
        ...(vmi.spec?.domain?.machine?.type ? { [`machine-type.node.kubevirt.io/${vmi.spec.domain.machine.type}`]: 'true' } : {}),
        ...(vmi.spec?.nodeSelector as Record<string, string> | undefined),
        ...placement.nodeSelector,
      },
      serviceAccountName: 'default',
      automountServiceAccountToken: false,
      securityContext: restricted,
      hostname: name,
      affinity: { ...affinity, nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
      schedulerName: 'default-scheduler',
      tolerations: [...tolerations, ...((vmi.spec?.tolerations as typeof tolerations | undefined) ?? [])],
      ...(vmi.spec?.priorityClassName ? { priorityClassName: vmi.spec.priorityClassName } : {}),
      readinessGates: [{ conditionType: 'kubevirt.io/virtual-machine-unpaused' }],
      enableServiceLinks: false,
    },
    status: { phase: 'Pending', qosClass: 'Burstable' },
  } as unknown as New<Pod>
}

// Golden images, and the gallery's VmTemplates that clone them, in the shape of Spectro's documented examples.
// https://docs.spectrocloud.com/vm-management/create-manage-vm/create-vm-template/
import type { KubeObject } from '@virtdeck/k8s'
import { hashOf } from '../controllers/random.ts'

const namespace = 'vmo-golden-images'

type Image = { name: string; displayName: string; preference: string; size: string; url: string; days: number }

const images: Image[] = [
  {
    name: 'ubuntu-24-04',
    displayName: 'Ubuntu 24.04 LTS',
    preference: 'ubuntu',
    size: '20Gi',
    url: 'docker://quay.io/containerdisks/ubuntu:24.04',
    days: 34,
  },
  {
    name: 'debian-12',
    displayName: 'Debian 12',
    preference: 'debian',
    size: '20Gi',
    url: 'docker://quay.io/containerdisks/debian:12',
    days: 34,
  },
  {
    name: 'fedora-41',
    displayName: 'Fedora 41',
    preference: 'fedora',
    size: '20Gi',
    url: 'docker://quay.io/containerdisks/fedora:41',
    days: 21,
  },
  {
    name: 'centos-stream-9',
    displayName: 'CentOS Stream 9',
    preference: 'centos.stream9',
    size: '20Gi',
    url: 'docker://quay.io/containerdisks/centos-stream:9',
    days: 34,
  },
  {
    name: 'windows-server-2022',
    displayName: 'Windows Server 2022',
    preference: 'windows.2k22.virtio',
    size: '64Gi',
    url: 'http://images.example.internal/windows/ws2022-sysprep.qcow2',
    days: 52,
  },
]

/** A uid that depends on the name alone. */
export const uidOf = (kind: string, name: string) => {
  const part = (n: number) => hashOf(`${kind}/${name}/${n}`).toString(16).padStart(8, '0')
  return `${part(1)}-${part(2).slice(0, 4)}-4${part(2).slice(5)}-a${part(3).slice(0, 3)}-${part(3).slice(3)}${part(4).slice(1)}`
}

/** Imported, bound and ready: what CDI left behind when the image came in. */
export function goldenImages(nowMs: number): [key: string, KubeObject][] {
  return images.flatMap(({ name, displayName, preference, size, url, days }): [string, KubeObject][] => {
    const at = new Date(nowMs - days * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z')
    const dvUid = uidOf('dv', name)
    const pvcUid = uidOf('pvc', name)
    const labels = {
      'instancetype.kubevirt.io/default-preference': preference,
      'instancetype.kubevirt.io/default-instancetype': 'u1.medium',
    }
    const condition = (type: string, status: string, reason?: string, message?: string) => ({
      lastHeartbeatTime: at,
      lastTransitionTime: at,
      ...(message ? { message } : {}),
      ...(reason ? { reason } : {}),
      status,
      type,
    })
    const source = url.startsWith('docker://') ? { registry: { url } } : { http: { url } }
    const volumeName = `pvc-${pvcUid}`
    return [
      [
        'datavolumes.cdi.kubevirt.io',
        {
          metadata: {
            name,
            namespace,
            uid: dvUid,
            creationTimestamp: at,
            labels,
            annotations: {
              'cdi.kubevirt.io/storage.deleteAfterCompletion': 'false',
              'cdi.kubevirt.io/storage.bind.immediate.requested': 'true',
              'cdi.kubevirt.io/storage.usePopulator': 'true',
              'openshift.io/display-name': displayName,
            },
          },
          spec: { source, storage: { resources: { requests: { storage: size } } } },
          status: {
            claimName: name,
            conditions: [
              condition('Bound', 'True', 'Bound', `PVC ${name} Bound`),
              condition('Ready', 'True'),
              condition('Running', 'False', 'Completed'),
            ],
            phase: 'Succeeded',
            progress: '100.0%',
          },
        },
      ],
      [
        'persistentvolumeclaims',
        {
          metadata: {
            name,
            namespace,
            uid: pvcUid,
            creationTimestamp: at,
            labels: { ...labels, app: 'containerized-data-importer', 'app.kubernetes.io/managed-by': 'cdi-controller' },
            annotations: {
              'cdi.kubevirt.io/createdForDataVolume': dvUid,
              'pv.kubernetes.io/bind-completed': 'yes',
              'pv.kubernetes.io/bound-by-controller': 'yes',
            },
            finalizers: ['kubernetes.io/pvc-protection'],
            ownerReferences: [
              { apiVersion: 'cdi.kubevirt.io/v1beta1', blockOwnerDeletion: true, controller: true, kind: 'DataVolume', name, uid: dvUid },
            ],
          },
          spec: {
            accessModes: ['ReadWriteMany'],
            resources: { requests: { storage: size } },
            storageClassName: 'ceph-block',
            volumeMode: 'Block',
            volumeName,
          },
          status: { accessModes: ['ReadWriteMany'], capacity: { storage: size }, phase: 'Bound' },
        },
      ],
      [
        'persistentvolumes',
        {
          metadata: { name: volumeName, creationTimestamp: at, finalizers: ['kubernetes.io/pv-protection'] },
          spec: {
            accessModes: ['ReadWriteMany'],
            capacity: { storage: size },
            claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid: pvcUid },
            csi: { driver: 'rook-ceph.rbd.csi.ceph.com', volumeHandle: volumeName },
            persistentVolumeReclaimPolicy: 'Delete',
            storageClassName: 'ceph-block',
            volumeMode: 'Block',
          },
          status: { phase: 'Bound' },
        },
      ],
      [
        'datasources.cdi.kubevirt.io',
        {
          metadata: { name, namespace, creationTimestamp: at, labels },
          spec: { source: { pvc: { name, namespace } } },
          status: {
            conditions: [
              {
                lastHeartbeatTime: at,
                lastTransitionTime: at,
                message: 'DataSource is ready to be consumed',
                reason: 'Ready',
                status: 'True',
                type: 'Ready',
              },
            ],
            source: { pvc: { name, namespace } },
          },
        },
      ],
    ]
  })
}

type Template = {
  name: string
  displayName: string
  description: string
  icon: string
  cores: number
  memory: string
  disk: { from: 'image' | 'registry' | 'container'; source: string; size?: string }
  os: string
  userData?: string
}

const agent = `#cloud-config
ssh_pwauth: true
packages:
  - qemu-guest-agent
runcmd:
  - systemctl enable --now qemu-guest-agent
`

const templates: Template[] = [
  {
    name: 'ubuntu-2404',
    displayName: 'Ubuntu 24.04 LTS',
    description: 'Ubuntu Server 24.04 LTS (Noble Numbat) with cloud-init and guest agent. Long-term support until 2029.',
    icon: 'https://s3.us-east-1.amazonaws.com/manifests.spectrocloud.com/logos/ubuntu.png',
    cores: 2,
    memory: '4Gi',
    disk: { from: 'image', source: 'ubuntu-24-04', size: '20Gi' },
    os: 'ubuntu24.04',
    userData: agent,
  },
  {
    name: 'debian-12',
    displayName: 'Debian 12',
    description: 'Debian 12 (bookworm) cloud image with cloud-init and guest agent.',
    icon: 'https://s3.us-east-1.amazonaws.com/manifests.spectrocloud.com/logos/debian.png',
    cores: 1,
    memory: '2Gi',
    disk: { from: 'image', source: 'debian-12', size: '20Gi' },
    os: 'debian12',
    userData: agent,
  },
  {
    name: 'fedora-41',
    displayName: 'Fedora 41',
    description: 'Fedora 41 Cloud Edition, imported fresh from its container disk.',
    icon: 'https://s3.us-east-1.amazonaws.com/manifests.spectrocloud.com/logos/fedora.png',
    cores: 2,
    memory: '4Gi',
    disk: { from: 'registry', source: 'docker://quay.io/containerdisks/fedora:41', size: '20Gi' },
    os: 'fedora41',
    userData: agent,
  },
  {
    name: 'centos-stream-9',
    displayName: 'CentOS Stream 9',
    description: 'CentOS Stream 9, the upstream of Red Hat Enterprise Linux 9.',
    icon: 'https://s3.us-east-1.amazonaws.com/manifests.spectrocloud.com/logos/centos.png',
    cores: 2,
    memory: '4Gi',
    disk: { from: 'image', source: 'centos-stream-9', size: '20Gi' },
    os: 'centos-stream9',
    userData: agent,
  },
  {
    name: 'windows-server-2022',
    displayName: 'Windows Server 2022',
    description: 'Windows Server 2022 Standard (Desktop Experience), generalised with sysprep, virtio drivers and guest agent installed.',
    icon: 'https://s3.us-east-1.amazonaws.com/manifests.spectrocloud.com/logos/windows.png',
    cores: 4,
    memory: '8Gi',
    disk: { from: 'image', source: 'windows-server-2022', size: '64Gi' },
    os: 'win2k22',
  },
  {
    name: 'alpine-scratch',
    displayName: 'Alpine 3.20 (scratch)',
    description: 'A tiny machine from a container disk, up in seconds. Nothing survives a restart.',
    icon: 'https://s3.us-east-1.amazonaws.com/manifests.spectrocloud.com/logos/alpine.png',
    cores: 1,
    memory: '512Mi',
    disk: { from: 'container', source: 'quay.io/containerdisks/alpine:3.20' },
    os: 'alpine3.20',
    userData: '#cloud-config\nssh_pwauth: true\n',
  },
]

export function vmTemplates(): KubeObject[] {
  return templates.map(({ name, displayName, description, icon, cores, memory, disk, os, userData }): KubeObject => {
    const windows = os.startsWith('win')
    const dataVolume = disk.from !== 'container'
    const bus = 'virtio'
    return {
      metadata: {
        name,
        labels: {
          'app.kubernetes.io/name': name,
          'app.kubernetes.io/instance': `${name}-instance`,
          'app.kubernetes.io/part-of': 'vmtemplate',
          'app.kubernetes.io/managed-by': 'vm-dashboard',
          'app.kubernetes.io/created-by': 'vm-dashboard',
        },
      },
      spec: {
        displayName,
        description,
        icon,
        running: false,
        ...(dataVolume
          ? {
              dataVolumeTemplates: [
                {
                  metadata: { name: `${name}-root` },
                  spec: {
                    source: disk.from === 'image' ? { pvc: { name: disk.source, namespace } } : { registry: { url: disk.source } },
                    storage: {
                      accessModes: ['ReadWriteMany'],
                      resources: { requests: { storage: disk.size } },
                      storageClassName: 'ceph-block',
                      volumeMode: 'Block',
                    },
                  },
                },
              ],
            }
          : {}),
        template: {
          metadata: {
            annotations: { 'descheduler.alpha.kubernetes.io/evict': 'true', 'vm.kubevirt.io/os': os },
            labels: { 'kubevirt.io/domain': name, 'kubevirt.io/size': memory === '8Gi' ? 'medium' : 'small' },
          },
          spec: {
            domain: {
              cpu: { cores, sockets: 1, threads: 1 },
              memory: { guest: memory },
              machine: { type: 'q35' },
              ...(windows
                ? {
                    clock: {
                      utc: {},
                      timer: { hpet: { present: false }, hyperv: {}, pit: { tickPolicy: 'delay' }, rtc: { tickPolicy: 'catchup' } },
                    },
                    features: {
                      acpi: {},
                      apic: {},
                      hyperv: { relaxed: {}, spinlocks: { spinlocks: 8191 }, vapic: {} },
                      smm: { enabled: true },
                    },
                    firmware: { bootloader: { efi: { secureBoot: true } } },
                  }
                : {}),
              devices: {
                disks: [
                  { name: dataVolume ? 'datavolumedisk' : 'containerdisk', disk: { bus }, bootOrder: 1 },
                  ...(userData ? [{ name: 'cloudinitdisk', disk: { bus } }] : []),
                ],
                interfaces: [{ name: 'default', masquerade: {}, model: 'virtio' }],
                ...(windows ? { tpm: {} } : { rng: {} }),
              },
            },
            networks: [{ name: 'default', pod: {} }],
            terminationGracePeriodSeconds: windows ? 3600 : 180,
            volumes: [
              dataVolume
                ? { name: 'datavolumedisk', dataVolume: { name: `${name}-root` } }
                : { name: 'containerdisk', containerDisk: { image: disk.source } },
              ...(userData ? [{ name: 'cloudinitdisk', cloudInitNoCloud: { userData } }] : []),
            ],
          },
        },
      },
    }
  })
}

// KubeVirt's common instance types, by their published names and sizes (common-instancetypes v1.4.1).
// https://github.com/kubevirt/common-instancetypes
import type { KubeObject } from '@virtdeck/k8s'

type Series = {
  name: string
  class: string
  displayName: string
  icon: string
  description: string
  /** Size, vCPUs, memory. */
  sizes: [size: string, cpus: number, memory: string][]
  hugepages?: string
  dedicated?: boolean
  overcommitPercent?: number
}

const general: Series['sizes'] = [
  ['nano', 1, '512Mi'],
  ['micro', 1, '1Gi'],
  ['small', 1, '2Gi'],
  ['medium', 1, '4Gi'],
  ['large', 2, '8Gi'],
  ['xlarge', 4, '16Gi'],
  ['2xlarge', 8, '32Gi'],
  ['4xlarge', 16, '64Gi'],
  ['8xlarge', 32, '128Gi'],
]

const series: Series[] = [
  {
    name: 'u1',
    class: 'general.purpose',
    displayName: 'General Purpose',
    icon: 'pficon-server-group',
    description:
      'The U Series is quite neutral and provides resources for\ngeneral purpose applications.\n\n*U* is the abbreviation for "Universal", hinting at the universal\nattitude towards workloads.',
    sizes: [...general, ['2xmedium', 2, '4Gi']],
  },
  {
    name: 'o1',
    class: 'overcommitted',
    displayName: 'Overcommitted',
    icon: 'pficon-virtual-machine',
    description:
      'The O Series is based on the U Series, with the only difference\nbeing that memory is overcommitted.\n\n*O* is the abbreviation for "Overcommitted".',
    sizes: general,
    overcommitPercent: 50,
  },
  {
    name: 'cx1',
    class: 'compute.exclusive',
    displayName: 'Compute Exclusive',
    icon: 'pficon-registry',
    description:
      'The CX Series provides exclusive compute resources for compute\nintensive applications.\n\n*CX* is the abbreviation of "Compute Exclusive".',
    sizes: [
      ['medium', 1, '2Gi'],
      ['large', 2, '4Gi'],
      ['xlarge', 4, '8Gi'],
      ['2xlarge', 8, '16Gi'],
      ['4xlarge', 16, '32Gi'],
      ['8xlarge', 32, '64Gi'],
    ],
    hugepages: '2Mi',
    dedicated: true,
  },
  {
    name: 'm1',
    class: 'memory.intensive',
    displayName: 'Memory Intensive',
    icon: 'fa-memory',
    description: 'The M Series provides resources for memory intensive\napplications.\n\n*M* is the abbreviation of "Memory".',
    sizes: [
      ['large', 2, '16Gi'],
      ['xlarge', 4, '32Gi'],
      ['2xlarge', 8, '64Gi'],
      ['4xlarge', 16, '128Gi'],
      ['8xlarge', 32, '256Gi'],
    ],
    hugepages: '2Mi',
  },
  {
    name: 'n1',
    class: 'network',
    displayName: 'Network',
    icon: 'pficon-network',
    description:
      'The N Series provides resources for network intensive DPDK\napplications, like VNFs.\n\n*N* is the abbreviation for "Network".',
    sizes: [
      ['medium', 4, '4Gi'],
      ['large', 4, '8Gi'],
      ['xlarge', 8, '16Gi'],
      ['2xlarge', 16, '32Gi'],
      ['4xlarge', 32, '64Gi'],
      ['8xlarge', 64, '128Gi'],
    ],
    hugepages: '1Gi',
    dedicated: true,
  },
  {
    name: 'rt1',
    class: 'realtime',
    displayName: 'Realtime',
    icon: 'pficon-server-group',
    description: 'The RT Series provides resources for realtime applications, like Oslat.\n\n*RT* is the abbreviation for "realtime".',
    sizes: general.filter(([size]) => size !== 'nano'),
    hugepages: '1Gi',
    dedicated: true,
  },
]

export const managed = { 'app.kubernetes.io/component': 'kubevirt', 'app.kubernetes.io/managed-by': 'virt-operator' }
export const published = {
  'instancetype.kubevirt.io/common-instancetypes-version': 'v1.4.1',
  'instancetype.kubevirt.io/vendor': 'kubevirt.io',
}

/** What CRI-O is told of guests that must not be disturbed. */
const undisturbed = {
  'cpu-load-balancing.crio.io': 'disable',
  'cpu-quota.crio.io': 'disable',
  'irq-load-balancing.crio.io': 'disable',
}

export function clusterInstancetypes(): KubeObject[] {
  return series.flatMap((one) => {
    // Sizes with 2Mi pages have a twin with 1Gi pages.
    const pages = one.hugepages === '2Mi' ? (['2Mi', '1Gi'] as const) : [one.hugepages]
    return pages.flatMap((page) =>
      one.sizes.map(([size, cpus, memory]): KubeObject => {
        const name = `${one.name}.${size}${one.hugepages === '2Mi' && page === '1Gi' ? '1gi' : ''}`
        return {
          metadata: {
            name,
            annotations: {
              'instancetype.kubevirt.io/description': one.description,
              'instancetype.kubevirt.io/displayName': one.displayName,
            },
            labels: {
              ...managed,
              ...published,
              'instancetype.kubevirt.io/class': one.class,
              'instancetype.kubevirt.io/cpu': String(cpus),
              'instancetype.kubevirt.io/memory': memory,
              'instancetype.kubevirt.io/icon-pf': one.icon,
              'instancetype.kubevirt.io/size': size,
              'instancetype.kubevirt.io/version': '1',
              ...(page ? { 'instancetype.kubevirt.io/hugepages': page } : {}),
              ...(one.dedicated ? { 'instancetype.kubevirt.io/dedicatedCPUPlacement': 'true' } : {}),
            },
          },
          spec: {
            ...(one.name === 'n1' || one.name === 'rt1' ? { annotations: undisturbed } : {}),
            cpu: {
              guest: cpus,
              ...(one.dedicated ? { dedicatedCPUPlacement: true, isolateEmulatorThread: true } : {}),
              ...(one.name === 'cx1' ? { maxSockets: cpus, numa: { guestMappingPassthrough: {} } } : {}),
              ...(one.name === 'rt1' ? { numa: { guestMappingPassthrough: {} }, realtime: {} } : {}),
            },
            ...(one.name === 'cx1' ? { ioThreadsPolicy: 'auto' } : {}),
            memory: {
              guest: memory,
              ...(page ? { hugepages: { pageSize: page } } : {}),
              ...(one.overcommitPercent ? { overcommitPercent: one.overcommitPercent } : {}),
            },
          },
        }
      }),
    )
  })
}

import type { VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import { useNow } from '../../api/now.ts'
import { useSession } from '../../api/session.ts'
import type { Fact } from '../../ui/facts.tsx'
import { Facts } from '../../ui/facts.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Quantity } from '../../ui/quantity.tsx'
import { WarningTag } from '../../ui/status-badge.tsx'
import { formatDate, formatFullDate, formatElapsed } from '../../util/format.ts'
import type { VmObjects } from '../../components/vm/use-vm.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { UseShare } from './vm-use.tsx'
import { DETAIL_CHARACTERS, visibleText } from '../../util/visible-text.ts'

/** The facts of the API objects, as they are; what is not known, or may not be seen, is a dash. */
export function FactsPanel({ objects: { vm, vmi, row, vmiError } }: { objects: VmObjects }) {
  const [ip, ...moreIps] = row.ips ?? []
  const measured = useSession().session?.cluster.usage === true
  const macs = (vmi?.status?.interfaces ?? vm?.spec.template.spec?.domain.devices.interfaces ?? []).flatMap(
    (one) => ('mac' in one ? one.mac : 'macAddress' in one ? one.macAddress : undefined) ?? [],
  )
  const networks = (vmi?.spec.networks ?? vm?.spec.template.spec?.networks ?? []).map(
    (network) => network.multus?.networkName ?? (network.pod ? 'pod' : network.name),
  )

  const facts: Fact[] = [
    { label: 'Node', value: row.node && <span className="mono">{row.node}</span>, copy: row.node },
    { label: 'Instance type', value: row.instancetype && <span className="mono">{row.instancetype}</span> },
    { label: 'Run strategy', value: row.runStrategy },
    {
      label: 'CPU',
      value: row.cpus !== undefined && (
        <>
          <Quantity value={row.cpus} unit="vCPU" /> {measured && <UseShare row={row} measure="cpu" />}
        </>
      ),
    },
    {
      label: 'Memory',
      value: row.memoryBytes !== undefined && (
        <>
          <Quantity bytes={row.memoryBytes} /> {measured && <UseShare row={row} measure="memory" />}
        </>
      ),
    },
    { label: 'Firmware', value: firmware(vm, vmi) },
    {
      label: 'IP addresses',
      value: ip && (
        <>
          <Bdi className="mono">{ip}</Bdi>
          {moreIps.length > 0 && (
            <span className="more1" title={visibleText(moreIps.join(', '), DETAIL_CHARACTERS)}>
              +{moreIps.length}
            </span>
          )}
        </>
      ),
      copy: row.ips?.join(' '),
    },
    { label: 'MAC', value: macs[0] && <Bdi className="mono">{macs[0]}</Bdi>, copy: macs[0] },
    { label: 'Network', value: networks.length > 0 && <Bdi className="mono">{networks.join(', ')}</Bdi> },
    { label: 'Preference', value: row.preference && <span className="mono">{row.preference}</span> },
    { label: 'Template', value: template(vm) },
    {
      label: 'Machine',
      value: (vmi?.status?.machine?.type ?? vm?.spec.template.spec?.domain.machine?.type) && (
        <span className="mono">{vmi?.status?.machine?.type ?? vm?.spec.template.spec?.domain.machine?.type}</span>
      ),
    },
    { label: 'Namespace', value: row.namespace },
    { label: 'Created', value: <Created at={row.createdAt} /> },
    {
      label: 'UID',
      value: (
        <span className="mono" title={row.uid}>
          {row.uid.length > 20 ? `${row.uid.slice(0, 13)}…${row.uid.slice(-5)}` : row.uid}
        </span>
      ),
      copy: row.uid,
    },
  ]

  return (
    <Panel
      title="VM"
      actions={
        vmiError?.code === 403 && (
          <WarningTag title={vmiError.message}>You may not see the running instance: node and addresses are missing</WarningTag>
        )
      }
    >
      <Facts facts={facts} />
    </Panel>
  )
}

function Created({ at }: { at: number }) {
  const now = useNow(60_000)
  return (
    <span title={formatFullDate(at * 1000)}>
      {formatDate(at * 1000, now)} <span className="dim">{formatElapsed(now / 1000 - at)} ago</span>
    </span>
  )
}

/** BIOS unless the domain asks for EFI, in which Secure Boot is on unless it is switched off. */
function firmware(vm: VirtualMachine | undefined, vmi: VirtualMachineInstance | undefined): string | undefined {
  const domain = vmi?.spec.domain ?? vm?.spec.template.spec?.domain
  if (!domain) return undefined
  const efi = domain.firmware?.bootloader?.efi
  if (!efi) return 'BIOS'
  return efi.secureBoot === false ? 'UEFI' : 'UEFI, Secure Boot'
}

/** Who made the VM from what, where its maker has written that down. */
function template(vm: VirtualMachine | undefined): string | undefined {
  const { labels, annotations } = vm?.metadata ?? {}
  for (const key of ['vm.kubevirt.io/template', 'virtdeck.io/template', 'spectrocloud.com/vm-template']) {
    const value = labels?.[key] ?? annotations?.[key]
    if (value) return value
  }
  return undefined
}

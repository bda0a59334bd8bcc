// What the guest says about itself, through its agent.
import type { VmRow } from '@virtdeck/kubevirt'
import { useGuestInfo, useGuestUsers } from '../../api/guest.ts'
import { useNow } from '../../api/now.ts'
import { KeyValue, type Fact } from '../../ui/facts.tsx'
import { Panel } from '../../ui/panel.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { formatDate, formatElapsed } from '../../util/format.ts'
import type { VmObjects } from '../../components/vm/use-vm.ts'
import { sshCommand } from '../../components/vm/vm-verbs.ts'
import { Bdi } from '../../ui/bdi.tsx'

export function GuestPanel({ objects: { row, vmi } }: { objects: VmObjects }) {
  const running = vmi?.status?.phase === 'Running'
  const connected = running && vmi.status?.conditions?.some((one) => one.type === 'AgentConnected' && one.status === 'True')
  const booted = vmi?.status?.phaseTransitionTimestamps?.find((one) => one.phase === 'Running')?.phaseTransitionTimestamp

  return (
    <Panel
      title="Guest"
      actions={
        running &&
        (connected ? <StatusBadge state="running" word="Agent connected" /> : <StatusBadge state="warning" word="No guest agent" />)
      }
    >
      {!running ? (
        <p className="pad dim">The guest does not run, so it tells nothing about itself.</p>
      ) : connected ? (
        <GuestFacts row={row} vmi={vmi} booted={booted} />
      ) : (
        <AgentMissing row={row} booted={booted} />
      )}
    </Panel>
  )
}

type FactsProps = { row: VmRow; vmi: NonNullable<VmObjects['vmi']>; booted: string | undefined }

function GuestFacts({ row, vmi, booted }: FactsProps) {
  const ref = { namespace: row.namespace, name: row.name, uid: vmi.metadata.uid }
  const info = useGuestInfo(ref)
  const users = useGuestUsers(ref)
  const os = vmi.status?.guestOSInfo
  const names = users.data?.items?.map((user) => user.userName)
  const facts: Fact[] = [
    { label: 'System', value: info.data?.os?.prettyName ?? os?.prettyName ?? os?.name },
    {
      label: 'Kernel',
      value: (info.data?.os?.kernelRelease ?? os?.kernelRelease) && (
        <Bdi className="mono">{info.data?.os?.kernelRelease ?? os?.kernelRelease ?? ''}</Bdi>
      ),
    },
    {
      label: 'Host name',
      value: info.denied ? <Denied reason={info.denied} /> : info.data?.hostname && <Bdi className="mono">{info.data.hostname}</Bdi>,
      copy: info.data?.hostname,
    },
    { label: 'Booted', value: booted && <Booted at={booted} /> },
    {
      label: 'Signed in',
      value: users.denied ? <Denied reason={users.denied} /> : names && (names.length > 0 ? [...new Set(names)].join(', ') : 'nobody'),
    },
    { label: 'Agent', value: info.data?.guestAgentVersion && <Bdi className="mono">{info.data.guestAgentVersion}</Bdi> },
    sshFact(row),
  ]
  return <KeyValue facts={facts} />
}

function AgentMissing({ row, booted }: { row: VmRow; booted: string | undefined }) {
  return (
    <>
      <p className="pad explain">
        The guest runs, but its agent does not answer: host name, users and file systems stay unknown, and snapshots are taken without
        bringing the file systems to rest. Install and start <span className="mono hi">qemu-guest-agent</span> in the guest.
      </p>
      <KeyValue facts={[{ label: 'Booted', value: booted && <Booted at={booted} /> }, sshFact(row)]} />
    </>
  )
}

function sshFact(row: VmRow): Fact {
  const command = sshCommand(row)
  return {
    label: 'SSH',
    value: (
      <span className="mono cut" title={command}>
        {command}
      </span>
    ),
    copy: command,
  }
}

function Booted({ at }: { at: string }) {
  const now = useNow(60_000)
  return (
    <>
      {formatDate(at, now)} <span className="dim">{formatElapsed((now - Date.parse(at)) / 1000)} ago</span>
    </>
  )
}

const Denied = ({ reason }: { reason: string }) => <span className="dim">{reason}</span>

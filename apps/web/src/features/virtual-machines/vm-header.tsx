import { statusWords, vmState } from '@virtdeck/kubevirt'
import type { ReactNode } from 'react'
import { Bdi } from '../../ui/bdi.tsx'
import { OsTile } from '../../ui/os-tile.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { formatBytes } from '../../util/format.ts'
import type { VmObjects } from '../../components/vm/use-vm.ts'
import { VerbBar } from './verb-bar.tsx'
import type { VmActionId } from '../../components/vm/vm-verbs.ts'

/** Who it is and how it is, with the verbs at hand. */
export function VmHeader({ objects: { row }, tab, primary }: { objects: VmObjects; tab: string; primary: VmActionId | undefined }) {
  return (
    <div className="dhead">
      <div className="top">
        <OsTile os={row.os} big />
        <div className="ttl">
          <div className="row">
            <h1>
              <Bdi>{row.name}</Bdi>
            </h1>
            <StatusBadge state={vmState(row)} word={statusWords(row)} since={row.statusSince} progress={row.progress} pill />
            {row.restartRequired && <StatusBadge state="warning" word="Restart needed" pill />}
          </div>
          <div className="sub">
            <FactsLine facts={[row.namespace, row.osName && <Bdi>{row.osName}</Bdi>, size(row)]} />
            {row.ips?.[0] && (
              <span className="desk">
                <Bdi className="mono">{row.ips[0]}</Bdi>
              </span>
            )}
          </div>
        </div>
        <VerbBar row={row} tab={tab} primary={primary} />
      </div>
    </div>
  )
}

function size({ cpus, memoryBytes, instancetype }: VmObjects['row']): ReactNode {
  const memory = memoryBytes === undefined ? undefined : formatBytes(memoryBytes)
  const parts = [cpus !== undefined && `${cpus} vCPU`, memory && `${memory.value} ${memory.unit}`].filter(Boolean)
  return parts.length > 0 ? <span className="mono">{parts.join(', ')}</span> : instancetype
}

function FactsLine({ facts }: { facts: readonly ReactNode[] }) {
  return facts.filter(Boolean).map((fact, index) => (
    // The facts have fixed places in a line that is never reordered.
    <span key={index}>{fact}</span>
  ))
}

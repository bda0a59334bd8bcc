// What a VM uses of what it has, as Prometheus measured it: bars in its row, and figures to sort and to search by.
import type { VmRow } from '@virtdeck/kubevirt'
import { useSyncExternalStore } from 'react'
import { usage } from '../../api/usage.ts'
import type { UsageState, VmUse } from '../../api/usage.ts'
import type { Beside, FleetColumn } from '../../components/fleet/fleet-kind.ts'
import { Meter } from '../../ui/progress.tsx'
import { bytesText, formatBytes, formatTime } from '../../util/format.ts'

export type Measure = 'cpu' | 'memory'

type Sized = Pick<VmRow, 'namespace' | 'name' | 'status' | 'cpus' | 'memoryBytes'>

/** A paused guest holds its memory and works no more; what else does not run uses nothing, whatever was measured before. */
const measuredIn: Record<Measure, readonly string[]> = { cpu: ['Running', 'Migrating'], memory: ['Running', 'Migrating', 'Paused'] }

/** Of one measure: millicores or bytes. Nothing where it is not known of how much. */
export function usedOf(row: Sized, measure: Measure, use: VmUse | undefined): number | undefined {
  if (!use || !measuredIn[measure].includes(row.status) || !(totalOf(row, measure) > 0)) return undefined
  return measure === 'cpu' ? use.cpuMillicores : use.memoryBytes
}

const totalOf = ({ cpus = 0, memoryBytes = 0 }: Sized, measure: Measure) => (measure === 'cpu' ? cpus * 1000 : memoryBytes)

/** In percent, up to 100: QEMU’s own work comes on top of what the guest’s processors can do. */
const percentOf = (row: Sized, measure: Measure, used: number) => Math.min(100, (used / totalOf(row, measure)) * 100)

function currentPercent(row: Sized, measure: Measure): number | undefined {
  const used = usedOf(row, measure, usage.of(row))
  return used === undefined ? undefined : percentOf(row, measure, used)
}

/** `1.2 of 4 vCPU`, `3.1 of 8 GiB`, `512 MiB of 8 GiB`. */
export function usedText(row: Sized, measure: Measure, used: number): string {
  const total = totalOf(row, measure)
  if (measure === 'cpu') return `${coresText(used)} of ${total / 1000} vCPU`
  const [part, whole] = [formatBytes(used), formatBytes(total)]
  return part.unit === whole.unit ? `${part.value} of ${bytesText(total)}` : `${bytesText(used)} of ${bytesText(total)}`
}

const coresText = (millicores: number) => String(Number((millicores / 1000).toFixed(millicores < 1000 ? 2 : 1)))

const names: Record<Measure, string> = { cpu: 'CPU use', memory: 'Memory use' }

/** When it was measured, where nothing newer is known. */
const asOf = ({ at, problem }: UsageState) => (at !== undefined && problem !== undefined ? ` as of ${formatTime(at).slice(0, 5)}` : '')

type UseProps = { row: VmRow; measure: Measure }

/** A small bar, where something is known: it renders with each measurement, and its row does not. */
export function UseMeter({ row, measure }: UseProps) {
  const used = useUsed(row, measure)
  if (used === undefined) return null
  return <Meter value={percentOf(row, measure, used)} label={names[measure]} text={usedText(row, measure, used) + asOf(usage.state())} />
}

/** Bar and percentage, for the page of one VM. */
export function UseShare({ row, measure }: UseProps) {
  const used = useUsed(row, measure)
  if (used === undefined) return null
  return (
    <span className="useshare">
      <UseMeter row={row} measure={measure} />
      <span className="mono dim">{Math.round(percentOf(row, measure, used))}%</span>
    </span>
  )
}

/** The same in words: `34% 1.4 of 4 vCPU`. */
function UseFigure({ row, measure }: UseProps) {
  const used = useUsed(row, measure)
  if (used === undefined) return null
  const text = usedText(row, measure, used)
  return (
    <span className="mono" title={text}>
      {Math.round(percentOf(row, measure, used))}% <span className="dim">{text}</span>
    </span>
  )
}

/** What it uses by the latest measurement. A count is asked after each render: to look every row up again would cost more. */
function useUsed(row: VmRow, measure: Measure): number | undefined {
  useSyncExternalStore(usage.subscribe, usage.version)
  return usedOf(row, measure, usage.of(row))
}

/** A column’s cell with its bar: beside the size where there is room, and else under it. */
export function withMeter(column: FleetColumn<VmRow>, measure: Measure): FleetColumn<VmRow> {
  return {
    ...column,
    extra: 32,
    className: 'c-use',
    cell: (row) => {
      const size = column.cell(row)
      return (
        size && (
          <>
            {size}
            {'\t'}
            <UseMeter row={row} measure={measure} />
          </>
        )
      )
    },
  }
}

const round = (value: number | undefined) => (value === undefined ? undefined : Math.round(value * 10) / 10)

/** To sort by, and to export; empty where nothing is ever measured. */
export function percentColumn(measure: Measure, measured: boolean): FleetColumn<VmRow> {
  const value = (row: VmRow) => (measured ? currentPercent(row, measure) : undefined)
  return {
    id: `${measure}Use`,
    title: names[measure],
    width: 190,
    value,
    cell: (row) => measured && <UseFigure row={row} measure={measure} />,
    csv: { title: `${names[measure]} (%)`, value: (row) => round(value(row)) },
    shows: 'when chosen',
  }
}

/** For the search: whole percents, as they are shown. */
export function searchedPercent(row: VmRow, measure: Measure): number | undefined {
  const percent = currentPercent(row, measure)
  return percent === undefined ? undefined : Math.round(percent)
}

const made = { columns: ['cpuUse', 'memoryUse'], keys: ['cpuuse', 'memoryuse'] } as const

export const measuredUse: Beside = {
  ...made,
  version: usage.version,
  subscribe: usage.subscribe,
  problem: () => noteOf(usage.state()),
  note: () => noteOf(usage.state()),
}

/** At the list's foot: how old the figures are, or that there are none, and why. */
export function noteOf(state: UsageState): string | undefined {
  const { at, problem } = state
  return problem && `${at === undefined ? 'Use is not shown' : `Use${asOf(state)}`}: ${problem}`
}

const nobody = () => () => {}

export const unmeasuredUse: Beside = {
  ...made,
  never: true,
  version: () => 0,
  subscribe: nobody,
  problem: () => 'What VMs use is not shown: this server is told of no Prometheus.',
  note: () => undefined,
}

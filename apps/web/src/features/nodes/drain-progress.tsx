// What became of each VM of a drain, while it runs and afterwards; and what stays, with the reason.
import { migrationWords, type VmRow } from '@virtdeck/kubevirt'
import { Link } from 'react-router'
import { bulkGlyphs } from '../../components/fleet/bulk-glyphs.ts'
import type { BulkState } from '../../components/fleet/bulk-run.ts'
import { paths } from '../../paths.ts'
import { Bdi, Told } from '../../ui/bdi.tsx'
import { Progress } from '../../ui/progress.tsx'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import { formatCount } from '../../util/format.ts'
import { drainCounts } from './drain-counts.ts'
import type { Blocked } from './drain-plan.ts'
import { OnTheirWay, Reason, VmLine } from './drain-lines.tsx'
import type { Drain, DrainItem } from './drains.ts'

const words: Record<BulkState['kind'], string> = {
  waiting: 'Waiting',
  running: 'Under way',
  accepted: 'Takes longer than usual',
  unseen: 'Accepted; you may not see how it ends',
  done: 'Gone from here',
  failed: 'Failed',
  left: 'Not begun',
}
/** What failed is what one looks for, then what moves now. */
const order: BulkState['kind'][] = ['failed', 'running', 'accepted', 'unseen', 'left', 'waiting', 'done']

type DrainProgressProps = {
  name: string
  drain: Drain
  vms: readonly VmRow[]
  /** What is on the node and no part of the run. */
  staying: readonly Blocked[]
  moving: readonly VmRow[]
}

export function DrainProgress({ name, drain, vms, staying, moving }: DrainProgressProps) {
  const { items, states, running } = drain
  const { total, ended, failed, left } = drainCounts(drain)
  const now = new Map(vms.map((vm) => [vm.uid, vm]))
  const stateOf = ({ row }: DrainItem): BulkState => states.get(row.uid) ?? { kind: 'waiting' }
  const sorted = items.toSorted((a, b) => order.indexOf(stateOf(a).kind) - order.indexOf(stateOf(b).kind))
  const word = running ? 'Draining' : failed + left > 0 ? 'Not all of them left' : 'Drained'
  return (
    <>
      <section className="grp" aria-label="Progress">
        <p role="status" className="drainsum">
          {word}: <b>{formatCount(ended)}</b> of <b>{formatCount(total)}</b>
          {failed > 0 && <b className="c-error">, {formatCount(failed)} failed</b>}
        </p>
        <Progress wide label={`Draining ${name}`} value={(ended / Math.max(total, 1)) * 100} />
        <ul className="drainlist" aria-label="Results">
          {sorted.map((item) => (
            <Result key={item.row.uid} item={item} state={stateOf(item)} now={now.get(item.row.uid)} />
          ))}
        </ul>
      </section>
      <OnTheirWay rows={moving} />
      {staying.length > 0 && (
        <section className="grp" aria-label="Stays here">
          <h3>
            <StateGlyph state="warning" className="c-warning" />
            {staying.length === 1 ? 'Stays here' : 'Stay here'} <span className="tn">{staying.length}</span>
          </h3>
          <ul className="blk">
            {staying.map(({ row, ...why }) => (
              <li key={row.uid}>
                <VmLine row={row} />
                <Reason {...why} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  )
}

type ResultProps = { item: DrainItem; state: BulkState; now: VmRow | undefined }

function Result({ item: { row, does }, state, now }: ResultProps) {
  const glyph = bulkGlyphs[state.kind]
  const migration = state.kind === 'running' || state.kind === 'accepted' || state.kind === 'unseen' ? now?.migration : undefined
  const told =
    (state.kind === 'failed' && state.cause) ||
    (migration && [migrationWords(migration.phase), migration.targetNode].filter(Boolean).join(' → ')) ||
    (does === 'stop' && state.kind === 'running' && 'Stopping') ||
    (does === 'stop' && state.kind === 'done' && 'Stopped') ||
    words[state.kind]
  return (
    <li>
      <StateGlyph state={glyph} className={`c-${glyph}`} />
      <Link className="hi" to={paths.virtualMachine(row)} title={row.name}>
        <Bdi>{row.name}</Bdi>
      </Link>
      <small className={state.kind === 'failed' ? 'c-error' : 'dim'}>
        <Told>{told}</Told>
      </small>
    </li>
  )
}

// Lines about one VM in the panel of a drain.
import type { VmRow } from '@virtdeck/kubevirt'
import { Link } from 'react-router'
import { paths } from '../../paths.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import { bytesText } from '../../util/format.ts'
import { DETAIL_CHARACTERS } from '../../util/visible-text.ts'
import type { Blocked } from './drain-plan.ts'

const memoryText = ({ memoryBytes }: VmRow) => (memoryBytes === undefined ? '—' : bytesText(memoryBytes))

export function VmLine({ row }: { row: VmRow }) {
  return (
    <div className="row">
      <Link className="hi" to={paths.virtualMachine(row)} title={row.name}>
        <Bdi>{row.name}</Bdi>
      </Link>
      <span className="mono dim">{memoryText(row)}</span>
    </div>
  )
}

export function MoveLine({ row, target }: { row: VmRow; target?: string | undefined }) {
  return (
    <li>
      <span className="mono dim">{memoryText(row)}</span>
      <Link className="hi" to={paths.virtualMachine(row)} title={row.name}>
        <Bdi>{row.name}</Bdi>
      </Link>
      <span className="mono">
        {target && (
          <>
            <span className="c-transit arrow" aria-hidden="true">
              →
            </span>{' '}
            {target}
          </>
        )}
      </span>
    </li>
  )
}

/** Why a VM stays: our sentence, and the cluster's own words beneath it. */
export function Reason({ reason, detail }: Pick<Blocked, 'reason' | 'detail'>) {
  return (
    <p>
      <Bdi maxCharacters={DETAIL_CHARACTERS}>{reason}</Bdi>
      {detail && (
        <Bdi className="mono own" title={detail} maxCharacters={DETAIL_CHARACTERS}>
          {detail}
        </Bdi>
      )}
    </p>
  )
}

/** What somebody else has begun to move. */
export function OnTheirWay({ rows }: { rows: readonly VmRow[] }) {
  if (rows.length === 0) return null
  return (
    <section className="grp" aria-label="On their way">
      <h3>
        <StateGlyph state="transit" className="c-transit" />
        On their way <span className="tn">{rows.length}</span>
      </h3>
      <ul className="mvs">
        {rows.map((row) => (
          <MoveLine key={row.uid} row={row} target={row.migration?.targetNode} />
        ))}
      </ul>
    </section>
  )
}

// A list's table before there are rows.
import { useEffect, useState } from 'react'
import { Skeleton } from '../../ui/skeleton.tsx'
import type { FleetRow } from './fleet-kind.ts'
import { cellClass } from './fleet-row.tsx'
import { columnWidths, columnsOf, headClass } from './table-head.tsx'
import type { WidthsOptions } from './table-head.tsx'

/** As long as nothing shows of a table without rows: a quick answer never flickers. */
const LATE_MS = 200

type SkeletonProps<R extends FleetRow> = Omit<WidthsOptions<R>, 'columns'>

export function FleetTableSkeleton<R extends FleetRow>(props: SkeletonProps<R>) {
  const [late, setLate] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), LATE_MS)
    return () => clearTimeout(timer)
  }, [])
  return (
    <div className="tablewrap fleetwrap late" role="status" aria-busy="true">
      <span className="sr">Loading {props.kind.title.toLowerCase()}</span>
      {late && <SkeletonRows {...props} />}
    </div>
  )
}

function SkeletonRows<R extends FleetRow>({ kind, shown, width, selectable }: SkeletonProps<R>) {
  const columns = columnsOf(kind, shown)
  return (
    <table className="rt fleett" aria-hidden="true" style={columnWidths({ kind, columns, shown, width, selectable })}>
      <thead>
        <tr>
          {selectable && <th className="c-sel" />}
          {columns.map(({ id, title, className }, at) => (
            <th key={id} className={headClass(className, at)}>
              {title}
            </th>
          ))}
          <th />
        </tr>
      </thead>
      <tbody>
        {Array.from({ length: 14 }, (_, index) => (
          <tr key={index}>
            {selectable && <td className="c-sel" />}
            {columns.map(({ id, width: least, className }, at) => (
              <td key={id} className={cellClass(className, at)}>
                <Skeleton width={Math.round(least * (0.35 + ((index * 7 + at * 5) % 10) / 25))} />
              </td>
            ))}
            <td />
          </tr>
        ))}
      </tbody>
    </table>
  )
}

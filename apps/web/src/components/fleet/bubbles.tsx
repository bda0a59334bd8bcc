import type { Bucket } from './scan.ts'

/** How many of some rows fail, and how many have warnings, where any do. */
export function Bubbles({ of: { failing, warnings } }: { of: Pick<Bucket, 'failing' | 'warnings'> }) {
  return (
    <>
      {failing > 0 && (
        <span className="tf error" title={`${failing} failing`}>
          {failing}
        </span>
      )}
      {warnings > 0 && (
        <span className="tf warning" title={`${warnings} with warnings`}>
          {warnings}
        </span>
      )}
    </>
  )
}

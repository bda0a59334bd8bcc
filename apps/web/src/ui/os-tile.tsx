import { memo } from 'react'

/** The guest's operating system as a neutral initial. The words stand elsewhere. */
export const OsTile = memo(function OsTile({ os, big }: { os?: string; big?: boolean }) {
  return (
    <span className={big ? 'os big' : 'os'} aria-hidden="true">
      {os ? (/[\p{L}\p{N}]/u.exec(os)?.[0]?.toUpperCase() ?? '·') : '·'}
    </span>
  )
})

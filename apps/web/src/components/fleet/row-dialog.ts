// Which dialog of which row is open is state of the URL: `?do=delete&on=NAMESPACE/NAME`.
import { useLocation, useNavigate } from 'react-router'
import { isStillAt } from '../../util/still-at.ts'
import { keyOf } from './fleet-kind.ts'
import type { FleetRow } from './fleet-kind.ts'

type RowDialog = { verb: string; key: string }

/** Undefined where the search names none. */
function parseRowDialog(search: URLSearchParams): RowDialog | undefined {
  const [verb, key] = [search.get('do'), search.get('on')]
  return verb && key ? { verb, key } : undefined
}

/** Opening pushes a history entry, so Back closes; closing returns to where opening came from. */
export function useRowDialog() {
  const location = useLocation()
  const navigate = useNavigate()
  const opened = (location.state as { opened?: boolean } | null)?.opened === true

  function searchWith(dialog?: RowDialog): string {
    const next = new URLSearchParams(location.search)
    next.delete('do')
    next.delete('on')
    if (dialog) {
      next.set('do', dialog.verb)
      next.set('on', dialog.key)
    }
    // No Kubernetes name holds a slash: it may stay readable.
    return `?${next.toString().replaceAll('%2F', '/').replaceAll('%3A', ':')}`
  }

  return {
    dialog: parseRowDialog(new URLSearchParams(location.search)),
    open: (verb: string, row: Pick<FleetRow, 'namespace' | 'name'>) =>
      void navigate({ search: searchWith({ verb, key: keyOf(row) }) }, { state: { ...(location.state as object | null), opened: true } }),
    close() {
      if (!isStillAt(location, ['do', 'on'])) return
      if (opened) void navigate(-1)
      else void navigate({ search: searchWith() }, { replace: true })
    },
  }
}

/** The row that a dialog of the URL is about, while there is one. */
export function rowOf<R extends FleetRow>(rows: readonly R[], dialog: RowDialog | undefined, verb: string): R | undefined {
  return dialog?.verb === verb ? rows.find((row) => keyOf(row) === dialog.key) : undefined
}

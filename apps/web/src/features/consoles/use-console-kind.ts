import { useSearchParams } from 'react-router'
import type { ConsoleKind } from './console-session.ts'

/** Screen or serial line, as the URL says. */
export function useConsoleKind(): [ConsoleKind, (kind: ConsoleKind) => void] {
  const [parameters, setParameters] = useSearchParams()
  const kind = parameters.get('kind') === 'serial' ? 'serial' : 'vnc'
  function change(next: ConsoleKind) {
    setParameters(
      (before) => {
        const after = new URLSearchParams(before)
        after.set('kind', next)
        return after
      },
      { replace: true },
    )
  }
  return [kind, change]
}
